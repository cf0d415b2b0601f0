-- The first members of a sorted set of times that are at least this long ago.
-- KEYS: the set. ARGV: how long, how many.
return redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[1], 'WITHSCORES', 'LIMIT', 0, ARGV[2])
