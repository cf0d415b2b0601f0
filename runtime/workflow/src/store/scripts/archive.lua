-- Removes an execution that finished at this time. KEYS: execution, all, done. ARGV: execution, when.
local x = redis.call('HMGET', KEYS[1], 'st', 'f')
if x[1] and x[2] ~= ARGV[2] then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('ZREM', KEYS[3], ARGV[1])
return redis.call('UNLINK', KEYS[1])
