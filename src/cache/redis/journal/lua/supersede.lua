-- Purpose:  drops what the journal has of a key and the database has superseded, by a write that went past the journal.
-- Atomic:   a later write of the same key must stay.
-- Late:     does nothing where a later write has come. Run twice: the same.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts, KEYS[4] the dead letters, KEYS[5] the clock
-- ARGV[1]   the key, ARGV[2] the number of the write that the database has
-- Reply     how many were dropped
local written = tonumber(ARGV[2])
local dropped = 0
local write = redis.call('HGET', KEYS[1], ARGV[1])
local bar = write and string.find(write, '|', 1, true)
if bar and tonumber(string.sub(write, 1, bar - 1)) <= written then
  redis.call('HDEL', KEYS[1], ARGV[1])
  redis.call('ZREM', KEYS[2], ARGV[1])
  redis.call('HDEL', KEYS[3], ARGV[1])
  dropped = 1
end
-- A letter begins with {"seq":…: see written-forms.ts.
local letter = redis.call('HGET', KEYS[4], ARGV[1])
local number = letter and string.match(letter, '^{"seq":(%d+)')
if number and tonumber(number) <= written then
  redis.call('HDEL', KEYS[4], ARGV[1])
  dropped = dropped + 1
end
-- Whatever is accepted from now on has a higher number, also where the clock of the server was set back.
if tonumber(redis.call('GET', KEYS[5]) or '0') < written then redis.pcall('SET', KEYS[5], ARGV[2]) end
return dropped
