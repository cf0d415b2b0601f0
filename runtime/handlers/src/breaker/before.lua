-- May a call go ahead?
-- KEYS: breaker. ARGV: an id for the call, how long it may take as a probe.
-- Returns 0 yes, 1 no, 2 as the probe of an open breaker whose time is over.
local x = redis.call('HMGET', KEYS[1], 'open', 'probe', 'until')
if not x[1] then return 0 end
if now < tonumber(x[1]) then return 1 end
if x[2] and x[2] ~= ARGV[1] and now < tonumber(x[3]) then return 1 end
redis.call('HSET', KEYS[1], 'probe', ARGV[1], 'until', now + ARGV[2])
return 2
