-- Dispatches of one execution were sent: the sweep need not look at them so soon.
-- KEYS: execution, due. ARGV: prefix of members, first wait, longest wait, then slot and seq of each.
local fields = {}
for at = 4, #ARGV, 2 do fields[#fields + 1] = 't' .. ARGV[at] end
local records = redis.call('HMGET', KEYS[1], unpack(fields))
local set, due = {}, {}
for i, field in ipairs(fields) do
  local record, at = records[i], 2 + 2 * i
  if record and string.sub(record, 1, 9) == ARGV[at + 1] .. 'd' then
    local start, deadline = struct.unpack('>I8I8', record, 10)
    local sent = string.byte(record, 58)
    local score = math.max(now, start) + math.min(ARGV[2] * 2 ^ sent, ARGV[3] + 0)
    if deadline > 0 and deadline < score then score = deadline end
    set[#set + 1] = field
    set[#set + 1] = string.sub(record, 1, 25) .. struct.pack('>I8', score) .. string.sub(record, 34, 57) ..
      string.char(math.min(sent + 1, 255)) .. string.sub(record, 59)
    due[#due + 1] = score
    due[#due + 1] = ARGV[1] .. ARGV[at]
  end
end
if #set > 0 then
  redis.call('HSET', KEYS[1], unpack(set))
  redis.call('ZADD', KEYS[2], unpack(due))
end
return #set / 2
