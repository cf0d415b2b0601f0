-- Begins an execution, unless there is one. `apply.lua` follows.
-- KEYS: execution, due, all, done if it ends at once, ready lists.
-- ARGV: definition, timeout, state, history, status ('' for none), prefix of members, revision, records.
-- Returns the status letter of the execution that is there, or what `apply.lua` does.
local x = redis.call('HMGET', KEYS[1], 'st', 'v', 'r')
if x[1] then
  -- The very same start once more, since its answer was lost: it began now.
  local same = x[2] == '1' and string.sub(x[3] or '', 1, 8) == ARGV[7]
  return same and 1 or x[1]
end
local status, prefix = ARGV[5], ARGV[6]
-- The revision, and of the history after the first transition: its bytes, and the earliest version of which there is one.
local revision = ARGV[7] .. struct.pack('>I4I4', 0, 2)
local set = {'v', '1', 'd', ARGV[1], 's', ARGV[3], 'w', digits, 'o', ARGV[2], 'h1', digits .. ARGV[4], 'r', revision, 'st', 'R'}
local due, undue = {}, {}
local id = string.sub(prefix, 1, -2)
redis.call('ZADD', KEYS[3], digits, id)
if status == '' then
  due = {string.format('%d', now + ARGV[2]), prefix .. 'T'}
else
  set[16], set[17], set[18] = status, 'f', digits
  redis.call('ZADD', KEYS[4], digits, id)
end
local at, fence, armed = 8, '', 0
