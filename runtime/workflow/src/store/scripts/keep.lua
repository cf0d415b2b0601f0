-- Says until when definitions are kept, and which ones are not any longer.
-- KEYS: kept. ARGV: the longest time between two such calls that counts in full, then each definition and how long it is kept from now.
-- Returns definitions whose time is over, a hundred at the most. The empty member has the time of the last call.
local last = redis.call('ZSCORE', KEYS[1], '')
-- A full cache refuses what may need memory as long as a script has not written: this one gives memory back first.
redis.call('ZREM', KEYS[1], '')
local missed = last and now - last - ARGV[1] or 0
if missed > 0 then
  -- Nobody looked after executions meanwhile: those that would have ended need their definitions still.
  local all = redis.call('ZRANGE', KEYS[1], 0, -1)
  for _, member in ipairs(all) do redis.call('ZINCRBY', KEYS[1], missed, member) end
end
redis.call('ZADD', KEYS[1], digits, '')
for at = 2, #ARGV, 2 do redis.call('ZADD', KEYS[1], 'GT', string.format('%d', now + ARGV[at + 1]), ARGV[at]) end
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', string.format('%d', now - 1), 'LIMIT', 0, 100)
