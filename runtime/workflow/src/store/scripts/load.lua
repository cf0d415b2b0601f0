-- An execution as it stands. KEYS: execution. Returns {0}, or {1, now, version, revision, definition, state, status}.
local x = redis.call('HMGET', KEYS[1], 'v', 'd', 's', 'st', 'r')
if not x[1] then return {0} end
return {1, now, x[1], string.sub(x[5] or '', 1, 8), x[2], x[3], x[4]}
