-- Reads and writes what a start does, or the last commit, and decides nothing.
-- KEYS: execution, due, all or done. ARGV: a record, a payload, a state, an entry of the history, a member of the sets.
local time = redis.call('TIME')
redis.call('HMGET', KEYS[1], 'v', 'st', 't0')
redis.call('ZADD', KEYS[3], time[2], ARGV[5])
redis.call('HSET', KEYS[1], 'v', time[2], 's', ARGV[3], 'h' .. time[2], ARGV[4], 't0', ARGV[1], 'p0', ARGV[2])
redis.call('ZADD', KEYS[2], time[2], ARGV[5])
return 1
