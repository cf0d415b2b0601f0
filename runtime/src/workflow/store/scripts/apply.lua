-- What start and commit share: the new records of a transition. ARGV has, from `at` on, for each slot that changes
--   slot, '' for one that becomes empty, or
--   slot, head, tail, delay, at, grace, timeout, payload, ready list (a number in KEYS, or ''), ready entry
-- A record is head (seq 8, phase 1), not before 8, deadline 8, and tail (lease 8, lease until 8, owner 8, sent 1, function);
-- numbers are big-endian, times in ms. It is field t<slot> of the execution; its payload is field p<slot>.

-- Writes the fields `set` and the records, and arms the due set with `due`. Returns what scripts return for a change that was made:
-- 1, or {1, now, lease until, deadline} where a record is written as claimed: phase `c`, with its owner in the tail.
local function apply(at, prefix, set, due)
  local gone, undue, taken
  local n, d = #set, #due
  while ARGV[at] do
    local slot, head = ARGV[at], ARGV[at + 1]
    local score
    if head == '' then
      gone = gone or {}
      gone[#gone + 1] = 't' .. slot
      gone[#gone + 1] = 'p' .. slot
      at = at + 2
    else
      local delay, point, grace, timeout, ready = ARGV[at + 3], ARGV[at + 4], ARGV[at + 5], ARGV[at + 6], ARGV[at + 8]
      local start, deadline = now + delay, 0
      if point ~= '' then start = tonumber(point) end
      if grace ~= '' then score = start + grace end
      if timeout ~= '' then
        deadline = now + timeout
        if not score or deadline < score then score = deadline end
      end
      local tail = ARGV[at + 2]
      if string.byte(head, 9) == 99 then -- c
        local ends = now + struct.unpack('>I8', tail)
        if deadline > 0 and deadline < ends then ends = deadline end
        tail = string.sub(tail, 1, 8) .. struct.pack('>I8', ends) .. string.sub(tail, 17)
        taken = {1, now, ends, deadline}
      end
      set[n + 1] = 't' .. slot
      set[n + 2] = head .. struct.pack('>I8I8', start, deadline) .. tail
      set[n + 3] = 'p' .. slot
      set[n + 4] = ARGV[at + 7]
      n = n + 4
      if ready ~= '' then redis.call('RPUSH', KEYS[tonumber(ready)], ARGV[at + 9]) end
      at = at + 10
    end
    if score then
      due[d + 1] = score
      due[d + 2] = prefix .. slot
      d = d + 2
    else
      undue = undue or {}
      undue[#undue + 1] = prefix .. slot
    end
  end
  redis.call('HSET', KEYS[1], unpack(set))
  if gone then redis.call('HDEL', KEYS[1], unpack(gone)) end
  if d > 0 then redis.call('ZADD', KEYS[3], unpack(due)) end
  if undue then redis.call('ZREM', KEYS[3], unpack(undue)) end
  return taken or 1
end
