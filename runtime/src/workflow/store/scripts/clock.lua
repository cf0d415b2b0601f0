-- Milliseconds since 1970, by the server's clock. Every script that needs the time begins with this.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
