-- Purpose:  writes down again what the journal has lost, with the number it had, due at once.
-- Atomic:   a later write of the same key must stay, and so must a letter.
-- Late:     does nothing where it is there, or a later one. Run twice: the same. Flushed meanwhile: it is flushed once more,
--           and the number in the row makes that harmless; what is written down must say that it may be older than the row.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] the clock, KEYS[4] the dead letters
-- ARGV[1]   the key, ARGV[2] its number, ARGV[3] the record, ARGV[4] the field of the epoch, ARGV[5] what to call one that
--           begins here
-- Reply     1 written down, 0 there already, or superseded
local seq = tonumber(ARGV[2])
local write = redis.call('HGET', KEYS[1], ARGV[1])
local bar = write and string.find(write, '|', 1, true)
if bar and (tonumber(string.sub(write, 1, bar - 1)) or 0) >= seq then return 0 end
-- A letter begins with {"seq":…: see written-forms.ts.
local letter = redis.call('HGET', KEYS[4], ARGV[1])
local number = letter and string.match(letter, '^{"seq":(%d+)')
if number and tonumber(number) >= seq then return 0 end
-- Whatever is accepted from now on has a higher number.
if tonumber(redis.call('GET', KEYS[3]) or '0') < seq then redis.call('SET', KEYS[3], ARGV[2]) end
if redis.call('HEXISTS', KEYS[1], ARGV[4]) == 0 then redis.call('HSET', KEYS[1], ARGV[4], ARGV[5]) end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2] .. '|' .. ARGV[3])
local time = redis.call('TIME')
redis.call('ZADD', KEYS[2], time[1] * 1000 + math.floor(time[2] / 1000), ARGV[1])
return 1
