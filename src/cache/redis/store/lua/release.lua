-- Purpose:  gives a lease back and wakes those who wait for it.
-- Atomic:   a lease that has meanwhile gone to another process must stay with it.
-- Late:     does nothing, since the token is no longer there. Run twice: the same.
-- KEYS[1]   the lease
-- ARGV[1]   its token, ARGV[2] the channel of wake-ups, ARGV[3] what is published there
-- Reply     1 released, 0 no longer held
local lease = redis.pcall('GET', KEYS[1])
if type(lease) ~= 'string' or string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. '|' then return 0 end
redis.call('DEL', KEYS[1])
if string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1
