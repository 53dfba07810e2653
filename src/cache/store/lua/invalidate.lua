-- Purpose:  gives a tag a new generation and deletes the entry whose key it is.
-- Atomic:   a fill in between would be served without any comparison with the new generation.
-- Late:     one more miss. Run twice: another new generation, which no load has captured. The server's time is part
--           of it: the same id set again could revive what was captured under it before a later invalidation.
-- KEYS[1]   the entry, KEYS[2] the generation; both in one slot
-- ARGV[1]   random id, ARGV[2] how long the generation is kept, in milliseconds
-- Reply     1
local time = redis.call('TIME')
redis.call('DEL', KEYS[1])
redis.call('SET', KEYS[2], ARGV[1] .. '.' .. time[1] .. '.' .. time[2], 'PX', ARGV[2])
return 1
