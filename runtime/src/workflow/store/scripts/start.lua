-- Begins an execution, unless there is one.
-- KEYS: execution, history, due, done, all, ready lists. ARGV: definition, timeout, state, history, status, prefix of members, records.
-- Returns 1, or the status letter of the execution that is there.
local x = redis.call('HMGET', KEYS[1], 'st', 'v', 'd')
if x[1] then
  -- The very same start once more, since its answer was lost: it began now.
  local same = x[2] == '1' and x[3] == ARGV[1] and redis.call('HGET', KEYS[1], 's') == ARGV[3]
  return same and 1 or x[1]
end
local running = ARGV[5] == '' or ARGV[5] == 'R'
local set = {'v', '1', 'd', ARGV[1], 's', ARGV[3], 'st', running and 'R' or ARGV[5], 'w', now, 'o', ARGV[2]}
local id = string.sub(ARGV[6], 1, -2)
redis.call('RPUSH', KEYS[2], now .. ARGV[4])
redis.call('ZADD', KEYS[5], now, id)
if running then
  apply(7, ARGV[6], set, {now + ARGV[2], ARGV[6] .. 'T'})
else
  redis.call('HSET', KEYS[1], 'f', now, unpack(set))
  redis.call('ZADD', KEYS[4], now, id)
end
return 1
