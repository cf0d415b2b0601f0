-- How a call ended.
-- KEYS: breaker, times of failures. ARGV: the probe's id or '', what it ended with (0 well, 1 a failure, 2 neither), failures that open
-- it, window, time that it stays open (milliseconds).
-- Returns 1 if the breaker is open by this, 2 if it is closed by this, else 0.
local x = redis.call('HMGET', KEYS[1], 'open', 'probe')
if ARGV[1] ~= '' then
  -- A probe that took too long: another one decides.
  if x[2] ~= ARGV[1] then return 0 end
  if ARGV[2] == '0' then
    redis.call('DEL', KEYS[1], KEYS[2])
    return 2
  end
  -- Nobody knows more than before: the next call is the probe.
  if ARGV[2] == '2' then
    redis.call('HDEL', KEYS[1], 'probe', 'until')
    return 0
  end
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 'open', now + ARGV[5])
  return 1
end
if ARGV[2] ~= '1' or x[1] then return 0 end
redis.call('RPUSH', KEYS[2], now)
redis.call('LTRIM', KEYS[2], -ARGV[3], -1)
redis.call('PEXPIRE', KEYS[2], ARGV[4])
if redis.call('LLEN', KEYS[2]) < tonumber(ARGV[3]) or now - redis.call('LINDEX', KEYS[2], 0) > tonumber(ARGV[4]) then return 0 end
redis.call('DEL', KEYS[2])
redis.call('HSET', KEYS[1], 'open', now + ARGV[5])
return 1
