-- Purpose:  stores the row of a write that has committed, under a new generation of its key.
-- Atomic:   a later version, or an invalidation without a version, must not come in between.
-- Late:     refused once a later version was seen. Run twice: refused, since the token is used up.
-- KEYS[1]   the entry, KEYS[2] the generation of its key, KEYS[3] its lease, KEYS[4] the writes under way; all in one slot
-- ARGV[1]   the token, ARGV[2] the row's version, ARGV[3] the new generation, ARGV[4] the entry, ARGV[5] how long it is
--           kept, ARGV[6] how long the generation is kept, both in milliseconds, ARGV[7] the channel of wake-ups, ARGV[8]
--           what is published there
-- Reply     1 stored, 0 refused
local ended = redis.pcall('HDEL', KEYS[4], 't:' .. ARGV[1])
if ended ~= 1 then return 0 end
local seen = tonumber(redis.call('HGET', KEYS[4], 'v') or '') or -1
local version = tonumber(ARGV[2])
-- Those who are still under way compare with what they find here; without them it is of no use.
if redis.call('HLEN', KEYS[4]) <= (seen < 0 and 0 or 1) then
  redis.call('DEL', KEYS[4])
elseif version > seen then
  redis.call('HSET', KEYS[4], 'v', ARGV[2])
end
if version < seen then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[6])
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
local lease = redis.pcall('GET', KEYS[3])
redis.call('DEL', KEYS[3])
if type(lease) == 'string' and string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[7], ARGV[8]) end
return 1
