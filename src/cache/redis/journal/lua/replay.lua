-- Purpose:  makes a dead letter pending again, with the number it had: what is newer in the database stays.
-- Atomic:   it must be in one of both; a later write of the same key must stay.
-- Late:     does nothing where another letter has come. Run twice: the second finds no letter.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts, KEYS[4] the dead letters
-- ARGV[1]   the key, ARGV[2] its number, ARGV[3] the record, ARGV[4] the letter that both were read from
-- Reply     1 replayed, 2 superseded by a later write, 0 unknown
if redis.call('HGET', KEYS[4], ARGV[1]) ~= ARGV[4] then return 0 end
redis.call('HDEL', KEYS[4], ARGV[1])
local write = redis.call('HGET', KEYS[1], ARGV[1])
local bar = write and string.find(write, '|', 1, true)
if bar and tonumber(string.sub(write, 1, bar - 1)) > tonumber(ARGV[2]) then return 2 end
local time = redis.call('TIME')
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '|' .. ARGV[3])
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
