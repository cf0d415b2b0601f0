-- Applies a transition, if the execution is as the planner saw it and the fence holds. `apply.lua` follows.
-- KEYS: execution, due, done if the status changes, ready lists.
-- ARGV: version seen, next version, field of the fence ('' for none), its seq, state, history, status ('' for none), prefix of
-- members, records.
-- Returns 0 stale, {2, now, version, definition, state, status} after a conflict, or what `apply.lua` does.
local x = redis.call('HMGET', KEYS[1], 'v', 'st', ARGV[3])
local status, prefix = ARGV[7], ARGV[8]
local holds = x[2] == 'R'
if ARGV[3] ~= '' then
  holds = holds and x[3] and string.sub(x[3], 1, 8) == ARGV[4]
elseif status == 'R' then
  -- A retry takes back an end, but not a success.
  holds = x[2] and x[2] ~= 'R' and x[2] ~= 'S'
end
if not holds then
  -- The very same transition once more, since its answer was lost: it is done.
  return x[1] == ARGV[2] and redis.call('HGET', KEYS[1], 's') == ARGV[5] and 1 or 0
end
if x[1] ~= ARGV[1] then
  local seen = redis.call('HMGET', KEYS[1], 'd', 's')
  return {2, now, x[1], seen[1], seen[2], x[2]}
end
local set, due, undue = {'v', ARGV[2], 's', ARGV[5], 'h' .. ARGV[2], digits .. ARGV[6]}, {}, {}
if status == 'R' then
  set[7], set[8] = 'st', status
  redis.call('HDEL', KEYS[1], 'f')
  redis.call('ZREM', KEYS[3], string.sub(prefix, 1, -2))
  due = {string.format('%d', now + redis.call('HGET', KEYS[1], 'o')), prefix .. 'T'}
elseif status ~= '' then
  set[7], set[8], set[9], set[10] = 'st', status, 'f', digits
  redis.call('ZADD', KEYS[3], digits, string.sub(prefix, 1, -2))
  undue[1] = prefix .. 'T'
end
local at, fence, armed = 9, ARGV[3], 0
if fence ~= '' then armed = struct.unpack('>I8', x[3], 26) end
