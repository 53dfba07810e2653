-- Purpose:  lets the holder of a lease keep it for another while.
-- Atomic:   a lease that has meanwhile gone to another process must not be prolonged.
-- Late:     does nothing once the token is gone; otherwise the lease ends a little later. Run twice: the same.
-- KEYS[1]   the lease, KEYS[2] the generation of its key, which must outlive the load; both in one slot
-- ARGV[1]   its token, ARGV[2] how long it is held from now on, ARGV[3] how long the generation is kept at least, both
--           in milliseconds
-- Reply     1 renewed, 0 no longer held
local lease = redis.pcall('GET', KEYS[1])
if type(lease) ~= 'string' or string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. '|' then return 0 end
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
