-- Counts, unless this delivery has.
-- KEYS: counter, and what the delivery is remembered by, if it is.
-- ARGV: by how much, for how many seconds the delivery is remembered.
-- Returns what the counter was after the delivery counted.
local seen = KEYS[2] and redis.call('GET', KEYS[2])
if seen then return seen end
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
if KEYS[2] then redis.call('SET', KEYS[2], value, 'EX', ARGV[2]) end
return value
