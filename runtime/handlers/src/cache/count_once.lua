-- Counts, unless this delivery has.
-- KEYS: counter, and if the delivery is remembered: the marks of the counter, and the key that would remember it alone.
-- ARGV: by how much, the delivery's mark, for how many seconds it is remembered.
-- Returns what the counter was after the delivery counted.
local seen = KEYS[2] and (redis.call('HGET', KEYS[2], ARGV[2]) or redis.call('GET', KEYS[3]))
if seen then return seen end
local value = redis.call('INCRBY', KEYS[1], ARGV[1])
if KEYS[2] then
  -- A field with a time to live is no key with one, so that a server that makes room leaves it. Older servers have none: an error.
  local kept = redis.pcall('HSETEX', KEYS[2], 'EX', ARGV[3], 'FIELDS', 1, ARGV[2], value)
  if type(kept) == 'table' then redis.call('SET', KEYS[3], value, 'EX', ARGV[3]) end
end
return value
