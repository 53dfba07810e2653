-- Purpose:  stores an entry that was loaded under the present generation of its key.
-- Atomic:   an invalidation between the comparison and the write would let an old value in.
-- Late:     refused once the key was invalidated. Run twice: stores the same entry again.
-- KEYS[1]   the entry, KEYS[2] the generation of its key; both in one slot
-- ARGV[1]   the generation captured before the load, ARGV[2] the entry, ARGV[3] how long it is kept, in milliseconds
-- Reply     1 stored, 0 outdated
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
