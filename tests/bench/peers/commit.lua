-- Reads and writes what a commit does, and decides nothing.
-- KEYS: execution, history, due. ARGV: a record, a payload, a state, an entry of the history, a member of the due set.
local time = redis.call('TIME')
redis.call('HMGET', KEYS[1], 'v', 'st', 't0')
redis.call('RPUSH', KEYS[2], ARGV[4])
redis.call('HSET', KEYS[1], 'v', time[2], 's', ARGV[3], 't0', ARGV[1], 'p0', ARGV[2])
redis.call('ZADD', KEYS[3], time[2], ARGV[5])
return 1
