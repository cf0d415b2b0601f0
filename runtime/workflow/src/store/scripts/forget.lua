-- Removes a definition whose time is over. KEYS: kept, definition. ARGV: the definition.
-- Returns 1, or 0 if somebody keeps it again.
local time = redis.call('ZSCORE', KEYS[1], ARGV[1])
if not time or time + 0 >= now then return 0 end
redis.call('ZREM', KEYS[1], ARGV[1])
redis.call('DEL', KEYS[2])
return 1
