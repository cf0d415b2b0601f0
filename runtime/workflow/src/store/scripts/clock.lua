-- Milliseconds since 1970, by the server's clock, as a number and as its digits. Every script that needs the time begins with this.
local time = redis.call('TIME')
local digits = time[1] .. string.sub('00000' .. time[2], -6, -4)
local now = digits + 0
