-- Reads and writes what a commit does that claims what it orders, and decides nothing.
-- KEYS: execution. ARGV: a record, a payload, a state, an entry of the history.
local time = redis.call('TIME')
redis.call('HMGET', KEYS[1], 'v', 'st', 't0')
redis.call('HSET', KEYS[1], 'v', time[2], 's', ARGV[3], 'h' .. time[2], ARGV[4], 't0', ARGV[1], 'p0', ARGV[2])
return 1
