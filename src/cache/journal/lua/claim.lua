-- Purpose:  takes writes that are due. They stay in the journal, and are due again when whoever took them has died.
-- Atomic:   two who claim at the same time get different ones.
-- Late:     they are flushed a little later. Run twice: the second finds others.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts
-- ARGV[1]   how many at most, ARGV[2] for how many milliseconds nobody else gets them, ARGV[3] 1 to take what is not due too
-- Reply     a list of key, number and record, failed attempts
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local latest = ARGV[3] == '1' and '+inf' or now
local keys = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', latest, 'LIMIT', 0, ARGV[1])
local claimed = {}
for _, key in ipairs(keys) do
  local write = redis.call('HGET', KEYS[1], key)
  if write then
    -- A full Redis refuses to add anything, unless a script has begun with a command that frees memory.
    redis.call('ZREM', KEYS[2], key)
    redis.call('ZADD', KEYS[2], now + tonumber(ARGV[2]), key)
    claimed[#claimed + 1] = key
    claimed[#claimed + 1] = write
    claimed[#claimed + 1] = redis.call('HGET', KEYS[3], key) or '0'
  else
    redis.call('ZREM', KEYS[2], key)
  end
end
return claimed
