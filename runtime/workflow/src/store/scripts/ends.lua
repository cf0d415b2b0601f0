-- The executions that ended since they were last asked for: each is handed out once. KEYS: done, counted. ARGV: how many, or more if
-- they ended in one millisecond. Returns members and times.
local from = redis.call('GET', KEYS[2]) or '0'
-- In this millisecond others may still end.
local upto = string.format('%d', now - 1)
local found = redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. from, upto, 'WITHSCORES', 'LIMIT', 0, ARGV[1])
if #found == 0 then return found end
local last = found[#found]
if #found == 2 * ARGV[1] then
  -- There may be more of the last millisecond: they come together, with the next ones unless there are no others.
  if found[2] == last then
    found = redis.call('ZRANGEBYSCORE', KEYS[1], last, last, 'WITHSCORES')
  else
    while found[#found] == last do
      found[#found] = nil
      found[#found] = nil
    end
    last = found[#found]
  end
end
-- A full cache refuses what may need memory as long as a script has not written: this one gives memory back first.
redis.call('DEL', KEYS[2])
redis.call('SET', KEYS[2], last)
return found
