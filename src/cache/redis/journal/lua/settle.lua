-- Purpose:  removes writes that the database has, or puts them off after a failure.
-- Atomic:   a later write of the same key must stay.
-- Late:     does nothing where a later write has come, but say when that is due. Run twice: the same; a failure counts twice.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts
-- ARGV[1]   after how many milliseconds they are due again, or -1 to remove them, ARGV[2] after how many milliseconds a
--           later write of one of their keys is due; then key and number of each
-- Reply     how many were still the latest of their key
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local after = tonumber(ARGV[1])
local later = tonumber(ARGV[2])
local changed = 0
for index = 3, #ARGV, 2 do
  local key, seq = ARGV[index], ARGV[index + 1]
  local write = redis.call('HGET', KEYS[1], key)
  if write and string.sub(write, 1, #seq + 1) == seq .. '|' then
    changed = changed + 1
    if after < 0 then
      redis.call('HDEL', KEYS[1], key)
      redis.call('ZREM', KEYS[2], key)
      redis.call('HDEL', KEYS[3], key)
    else
      -- A full Redis refuses to add anything, unless a script has begun with a command that frees memory.
      redis.call('ZREM', KEYS[2], key)
      redis.call('HINCRBY', KEYS[3], key, 1)
      redis.call('ZADD', KEYS[2], now + after, key)
    end
  elseif write then
    redis.call('ZREM', KEYS[2], key)
    redis.call('ZADD', KEYS[2], now + later, key)
  end
end
return changed
