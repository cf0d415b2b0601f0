-- Reads and writes what a claim does, and decides nothing.
-- KEYS: execution. ARGV: a record.
local time = redis.call('TIME')
local x = redis.call('HMGET', KEYS[1], 'v', 'd', 's', 'st', 't0', 'p0')
redis.call('HSET', KEYS[1], 't0', ARGV[1])
return {time[1], x[1], x[2], x[3], x[4], x[6]}
