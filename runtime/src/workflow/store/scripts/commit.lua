-- Applies a transition, if the execution is as the planner saw it and the fence holds.
-- KEYS: execution, history, due, done, ready lists.
-- ARGV: version seen, next version, field of the fence ('' for none), its seq, state, history, status ('' for none), prefix of
-- members, records.
-- Returns 1 done, or what `apply` says of work that was taken; 0 stale, or {2, now, version, definition, state, status} after a conflict.
local x = redis.call('HMGET', KEYS[1], 'v', 'st', ARGV[3])
local status = ARGV[7]
local holds
if ARGV[3] ~= '' then
  holds = x[3] and string.sub(x[3], 1, 8) == ARGV[4]
elseif status == 'R' then
  -- A retry takes back an end, but not a success.
  holds = x[2] and x[2] ~= 'R' and x[2] ~= 'S'
else
  holds = x[2] == 'R'
end
if not holds then
  -- The very same transition once more, since its answer was lost: it is done.
  return x[1] == ARGV[2] and redis.call('HGET', KEYS[1], 's') == ARGV[5] and 1 or 0
end
if x[1] ~= ARGV[1] then
  local seen = redis.call('HMGET', KEYS[1], 'd', 's')
  return {2, now, x[1], seen[1], seen[2], x[2]}
end
redis.call('RPUSH', KEYS[2], now .. ARGV[6])
if status == '' then
  return apply(9, ARGV[8], {'v', ARGV[2], 's', ARGV[5]}, {})
elseif status == 'R' then
  redis.call('HDEL', KEYS[1], 'f')
  redis.call('ZREM', KEYS[4], string.sub(ARGV[8], 1, -2))
  local timeout = redis.call('HGET', KEYS[1], 'o')
  return apply(9, ARGV[8], {'v', ARGV[2], 's', ARGV[5], 'st', 'R'}, {now + timeout, ARGV[8] .. 'T'})
else
  local gone, undue = {}, {ARGV[8] .. 'T'}
  for _, field in ipairs(redis.call('HKEYS', KEYS[1])) do
    local first = string.byte(field)
    if first == 116 then -- t
      gone[#gone + 1] = field
      undue[#undue + 1] = ARGV[8] .. string.sub(field, 2)
    elseif first == 112 then -- p
      gone[#gone + 1] = field
    end
  end
  for at = 1, #gone, 4000 do redis.call('HDEL', KEYS[1], unpack(gone, at, math.min(at + 3999, #gone))) end
  for at = 1, #undue, 4000 do redis.call('ZREM', KEYS[3], unpack(undue, at, math.min(at + 3999, #undue))) end
  redis.call('HSET', KEYS[1], 'v', ARGV[2], 's', ARGV[5], 'st', status, 'f', now)
  redis.call('ZADD', KEYS[4], now, string.sub(ARGV[8], 1, -2))
end
return 1
