-- Looks at a member of the due set that was found to be due: says what is to be done, or corrects its score.
-- KEYS: execution, due. ARGV: member, its slot (T for the execution's timeout), how long until others may look, grace.
-- Returns {0} nothing, or {code, now, version, revision, definition, state, status, seq, function} with
-- 1 resend, 2 lease over, 3 deadline over, 4 timer due, 5 execution's timeout.
local score = redis.call('ZSCORE', KEYS[2], ARGV[1])
if not score or tonumber(score) > now then return {0} end
local x = redis.call('HMGET', KEYS[1], 'v', 'd', 's', 'st', 't' .. ARGV[2], 'r')
local record, revision = x[5], string.sub(x[6] or '', 1, 8)
local code, later
if x[4] ~= 'R' then
  later = nil
elseif ARGV[2] == 'T' then
  code = 5
elseif record then
  local phase = string.sub(record, 9, 9)
  local start, deadline, _, _, ends = struct.unpack('>I8I8I8I8I8', record, 10)
  if deadline > 0 and deadline <= now then
    code = 3
  elseif phase == 'd' then
    if start <= now then code = 1 else later = start + ARGV[4] end
  elseif phase == 'c' then
    if ends <= now then code = 2 else later = ends end
  elseif phase == 'w' then
    if start <= now then code = 4 else later = start end
  elseif deadline > 0 then
    later = deadline
  end
  if later and deadline > 0 and deadline < later then later = deadline end
end
if code then later = now + ARGV[3] end
if later then
  redis.call('ZADD', KEYS[2], later, ARGV[1])
  if record then
    -- Armed, as `apply.lua` says.
    redis.call('HSET', KEYS[1], 't' .. ARGV[2], string.sub(record, 1, 25) .. struct.pack('>I8', later) .. string.sub(record, 34))
  end
else
  redis.call('ZREM', KEYS[2], ARGV[1])
end
if not code then return {0} end
if code == 5 then return {5, now, x[1], revision, x[2], x[3], x[4]} end
return {code, now, x[1], revision, x[2], x[3], x[4], string.sub(record, 1, 8), string.sub(record, 59)}
