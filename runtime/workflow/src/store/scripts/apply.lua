-- What start and commit end with: writes the fields `set` and the records, arms the due set with `due`, and takes the members `undue`
-- out of it. ARGV has, from `at` on, for each slot that changes
--   slot, '' for one that becomes empty, or
--   slot, order, payload, and the entry for the ready list if it goes to one
-- An order is what the record is made of: delay 8, not before + 1 (0: the delay says it) 8, grace + 1 (0: nobody needs to look) 8,
-- timeout + 1 (0: none) 8, the ready list's number in KEYS (0: none) 2, then head (seq 8, phase 1) and tail (lease 8, lease until 8,
-- owner 8, sent 1, function). The record is head, not before 8, deadline 8, armed 8, tail; numbers are big-endian, times in ms. It is
-- field t<slot> of the execution; its payload is field p<slot>.
-- Armed is the score of the slot's entry of the due set: who moves one says so there, but for what nobody can read. So the entry of the
-- fence, whose field is `fence` and whose score is `armed`, may stay for a record that is written as claimed, if it is still to come
-- and early enough: whoever finds it too early moves it to the end of the lease.
-- Returns 1, or {1, now, lease until, deadline} where a record is written as claimed: phase `c`, with its owner in the tail.
local gone, taken = {}, 1
local n, d = #set, #due
while ARGV[at] do
  local slot, order = ARGV[at], ARGV[at + 1]
  local score, stays
  if order == '' then
    gone[#gone + 1] = 't' .. slot
    gone[#gone + 1] = 'p' .. slot
    at = at + 2
  else
    local delay, point, grace, timeout, ready = struct.unpack('>I8I8I8I8I2', order)
    local start, deadline = now + delay, 0
    if point > 0 then start = point - 1 end
    if grace > 0 then score = start + grace - 1 end
    if timeout > 0 then
      deadline = now + timeout - 1
      if not score or deadline < score then score = deadline end
    end
    local tail
    if string.byte(order, 43) == 99 then -- c
      local ends = now + struct.unpack('>I8', order, 44)
      if deadline > 0 and deadline < ends then ends = deadline end
      tail = string.sub(order, 44, 51) .. struct.pack('>I8', ends) .. string.sub(order, 60)
      taken = {1, now, ends, deadline}
      stays = fence == 't' .. slot and armed > now and score and armed <= score
      if stays then score = armed end
    else
      tail = string.sub(order, 44)
    end
    set[n + 1] = 't' .. slot
    set[n + 2] = string.sub(order, 35, 43) .. struct.pack('>I8I8I8', start, deadline, score or 0) .. tail
    set[n + 3] = 'p' .. slot
    set[n + 4] = ARGV[at + 2]
    n = n + 4
    at = at + 3
    if ready > 0 then
      redis.call('RPUSH', KEYS[ready], ARGV[at])
      at = at + 1
    end
  end
  if stays then
    -- It is in the due set.
  elseif score then
    -- Of a number, the server would make digits the slow way that is right for fractions too.
    due[d + 1] = string.format('%d', score)
    due[d + 2] = prefix .. slot
    d = d + 2
  else
    undue[#undue + 1] = prefix .. slot
  end
end
redis.call('HSET', KEYS[1], unpack(set))
if d > 0 then redis.call('ZADD', KEYS[2], unpack(due)) end
-- So many at a time as Lua can hand to a command.
for first = 1, #gone, 4000 do redis.call('HDEL', KEYS[1], unpack(gone, first, math.min(first + 3999, #gone))) end
for first = 1, #undue, 4000 do redis.call('ZREM', KEYS[2], unpack(undue, first, math.min(first + 3999, #undue))) end
return taken
