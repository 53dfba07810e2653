-- Purpose:  moves a write that the database refuses to the dead letters.
-- Atomic:   it must be in one of both; a later write of the same key must stay.
-- Late:     does nothing where a later write has come. Run twice: the same.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts, KEYS[4] the dead letters
-- ARGV[1]   the key, ARGV[2] its number, ARGV[3] the letter
-- Reply     1 buried, 0 superseded
local write = redis.call('HGET', KEYS[1], ARGV[1])
if not write or string.sub(write, 1, #ARGV[2] + 1) ~= ARGV[2] .. '|' then return 0 end
-- First what frees memory: a full Redis refuses a script that begins with anything else.
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
