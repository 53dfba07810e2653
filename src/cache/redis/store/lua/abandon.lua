-- Purpose:  ends an announced write that will store nothing.
-- Atomic:   another write must not be announced between looking and deleting.
-- Late:     the announcement has ended in another way, and nothing happens. Run twice: the same.
-- KEYS[1]   the writes under way
-- ARGV[1]   the token
-- Reply     1 ended, 0 nothing to end
if redis.pcall('HDEL', KEYS[1], 't:' .. ARGV[1]) ~= 1 then return 0 end
-- What was seen is there for those who are still under way.
if redis.call('HLEN', KEYS[1]) <= redis.call('HEXISTS', KEYS[1], 'v') then redis.call('DEL', KEYS[1]) end
return 1
