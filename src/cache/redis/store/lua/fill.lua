-- Purpose:  stores an entry that was loaded under the present generation of its key, and gives its lease back.
-- Atomic:   an invalidation between the comparison and the write would let an old value in.
-- Late:     refused once the key was invalidated. Run twice: stores the same entry again.
-- KEYS[1]   the entry, KEYS[2] the generation of its key, KEYS[3] its lease; all in one slot
-- ARGV[1]   the generation captured before the load, ARGV[2] the entry, ARGV[3] how long it is kept, in milliseconds,
--           ARGV[4] the token of the lease, ARGV[5] the channel of wake-ups, ARGV[6] what is published there, ARGV[7]
--           how long the generation is kept at least, in milliseconds
-- Reply     1 stored, 0 outdated
local stored = 0
local generation, lease = unpack(redis.call('MGET', KEYS[2], KEYS[3]))
if generation == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[7]) then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
  stored = 1
end
if lease and string.sub(lease, 1, #ARGV[4] + 1) == ARGV[4] .. '|' then
  redis.call('DEL', KEYS[3])
  if string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
end
return stored
