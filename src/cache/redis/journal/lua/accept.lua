-- Purpose:  takes a write into the journal, and ends the life of its key in the store in the same step.
-- Atomic:   the order of the numbers is the order of the states; a reader never finds the one without the other.
-- Late:     refused after its deadline: the sender has given up, and a later write may have been acknowledged. The number
--           is then one that no write which was accepted before has exceeded: the sender numbers above it.
--           Run twice within it: the same state with a higher number, as if it had come a moment later.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] the clock, KEYS[4] failed attempts, KEYS[5] the dead
--           letters; KEYS[6], where the store is in the same Redis, the generation of the key
-- ARGV[1]   the key, ARGV[2] the record, ARGV[3] after how many milliseconds it is due, ARGV[4] how many keys may be
--           pending, ARGV[5] the deadline, in microseconds since 1970, ARGV[6] the highest number that the caller knows
--           of, ARGV[7] the field of the epoch, ARGV[8] what to call one that begins here, ARGV[9] how many dead letters
--           there may be
-- Reply     {1 accepted, 0 full or -1 too late, the number, the epoch that was found, or nothing, the present one}
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
-- Also where the clock of the server goes back, or the key of the clock is lost.
local seq = math.max(tonumber(redis.call('GET', KEYS[3]) or '0') + 1, now, tonumber(ARGV[6]) + 1)
local text = string.format('%.0f', seq)
if now > tonumber(ARGV[5]) then return { -1, text } end
redis.call('SET', KEYS[3], text)
local found = redis.call('HGET', KEYS[1], ARGV[7])
if redis.call('HEXISTS', KEYS[1], ARGV[1]) == 0 then
  if redis.call('HLEN', KEYS[1]) - (found and 1 or 0) >= tonumber(ARGV[4]) then return { 0, text } end
  if redis.call('HLEN', KEYS[5]) >= tonumber(ARGV[9]) then return { 0, text } end
end
if not found then redis.call('HSET', KEYS[1], ARGV[7], ARGV[8]) end
redis.call('HSET', KEYS[1], ARGV[1], text .. '|' .. ARGV[2])
redis.call('HDEL', KEYS[4], ARGV[1])
-- A key that is written all the time is flushed all the same.
redis.call('ZADD', KEYS[2], 'NX', math.floor(now / 1000) + tonumber(ARGV[3]), ARGV[1])
-- It is older than this write: replaying it could do nothing.
redis.call('HDEL', KEYS[5], ARGV[1])
if KEYS[6] then redis.call('DEL', KEYS[6]) end
return { 1, text, found or '', found or ARGV[8] }
