-- Applies a transition, if the execution is as the planner saw it and the fence holds. `apply.lua` follows.
-- KEYS: execution, due, done if the status changes, ready lists.
-- ARGV: version seen, next version, field of the fence ('' for none), its seq, state, history, status ('' for none), prefix of
-- members, revision seen ('' if it has none), its own revision, records.
-- Returns 0 stale, {2, now, version, revision, definition, state, status} after a conflict, or what `apply.lua` does.
local x = redis.call('HMGET', KEYS[1], 'v', 'st', 'r', ARGV[3])
local status, prefix = ARGV[7], ARGV[8]
-- The revision, and of the history after the first transition: its bytes, and the earliest version of which there is one.
local revision, bytes, from = '', 0, 2
if x[3] then revision, bytes, from = struct.unpack('>c8I4I4', x[3]) end
local holds = x[2] == 'R'
if ARGV[3] ~= '' then
  holds = holds and x[4] and string.sub(x[4], 1, 8) == ARGV[4]
elseif status == 'R' then
  -- A retry takes back an end, but not a success.
  holds = x[2] and x[2] ~= 'R' and x[2] ~= 'S'
end
if not holds then
  -- The very same transition once more, since its answer was lost: it is done.
  return revision == ARGV[10] and 1 or 0
end
if x[1] ~= ARGV[1] or revision ~= ARGV[9] then
  local seen = redis.call('HMGET', KEYS[1], 'd', 's')
  return {2, now, x[1], revision, seen[1], seen[2], x[2]}
end
local entry, version = digits .. ARGV[6], ARGV[2] + 0
bytes = bytes + #entry
if bytes > most_bytes or version - from >= most_transitions then
  -- What is more than is kept goes, a hundred transitions at the most: an execution may have run under a runtime that kept all.
  local cut = {}
  while from < version and #cut < 100 and (bytes > most_bytes or version - from >= most_transitions) do
    cut[#cut + 1] = 'h' .. string.format('%d', from)
    bytes = math.max(0, bytes - redis.call('HSTRLEN', KEYS[1], cut[#cut]))
    from = from + 1
  end
  if cut[1] then redis.call('HDEL', KEYS[1], unpack(cut)) end
end
local kept = struct.pack('>c8I4I4', ARGV[10], bytes, from)
local set, due, undue = {'v', ARGV[2], 's', ARGV[5], 'h' .. ARGV[2], entry, 'r', kept}, {}, {}
if status == 'R' then
  set[9], set[10] = 'st', status
  redis.call('HDEL', KEYS[1], 'f')
  redis.call('ZREM', KEYS[3], string.sub(prefix, 1, -2))
  due = {string.format('%d', now + redis.call('HGET', KEYS[1], 'o')), prefix .. 'T'}
elseif status ~= '' then
  set[9], set[10], set[11], set[12] = 'st', status, 'f', digits
  redis.call('ZADD', KEYS[3], digits, string.sub(prefix, 1, -2))
  undue[1] = prefix .. 'T'
end
local at, fence, armed = 11, ARGV[3], 0
if fence ~= '' then armed = struct.unpack('>I8', x[4], 26) end
