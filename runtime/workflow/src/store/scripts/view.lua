-- An execution with all its fields. KEYS: execution. Returns now, then fields and values.
local x = redis.call('HGETALL', KEYS[1])
table.insert(x, 1, now)
return x
