-- Takes a piece of work until its lease ends. The due set stays as it is: the sweep corrects its score when it comes to it.
-- KEYS: execution. ARGV: record's field, payload's field, seq, owner, function.
-- Returns {0} gone, or another function's, {1, time} early, {2, time} leased, {code, now, version, revision, definition, state,
-- status} with
-- 3 expired, 4 overdue, 5 timer, or {6, the same, payload, lease until, deadline}.
local x = redis.call('HMGET', KEYS[1], 'v', 'd', 's', 'st', ARGV[1], ARGV[2], 'r')
local record, revision = x[5], string.sub(x[7] or '', 1, 8)
if x[4] ~= 'R' or not record or string.sub(record, 1, 8) ~= ARGV[3] or string.sub(record, 59) ~= ARGV[5] then return {0} end
local phase = string.sub(record, 9, 9)
if phase == 's' then return {0} end
local start, deadline, _, lease, ends = struct.unpack('>I8I8I8I8I8', record, 10)
if deadline > 0 and deadline <= now then return {4, now, x[1], revision, x[2], x[3], x[4]} end
if phase == 'c' then
  if ends <= now then return {3, now, x[1], revision, x[2], x[3], x[4]} end
  if string.sub(record, 50, 57) ~= ARGV[4] then return {2, ends} end
else
  if start > now then return {1, start} end
  if phase == 'w' then return {5, now, x[1], revision, x[2], x[3], x[4]} end
  ends = now + lease
  if deadline > 0 and deadline < ends then ends = deadline end
  record = string.sub(record, 1, 8) .. 'c' .. string.sub(record, 10, 41) .. struct.pack('>I8', ends) .. ARGV[4] .. string.sub(record, 58)
  redis.call('HSET', KEYS[1], ARGV[1], record)
end
return {6, now, x[1], revision, x[2], x[3], x[4], x[6], ends, deadline}
