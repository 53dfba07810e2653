-- Purpose:  ends the life of a tag: without its generation nothing that was stored or is being loaded under it counts,
--           and the next load creates another one, which no load has captured. The entry of the same name goes too.
-- Atomic:   a fill in between would find the generation that it was loaded under.
-- Late:     one more miss. Run twice: the same.
--           Writes that are under way find the version that is behind it; where it is not known, they store nothing.
-- KEYS[1]   the generation, KEYS[2] the entry, KEYS[3] its lease, KEYS[4] the writes under way; all in one slot
-- ARGV[1]   the channel of wake-ups, ARGV[2] what is published there, ARGV[3] the version of the row, or nothing
-- Reply     1
local lease = redis.pcall('GET', KEYS[3])
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
if ARGV[3] == '' then
  redis.call('DEL', KEYS[4])
elseif redis.call('EXISTS', KEYS[4]) == 1 then
  local seen = redis.pcall('HGET', KEYS[4], 'v')
  if type(seen) == 'table' then
    redis.call('DEL', KEYS[4])
  elseif not seen or tonumber(seen) < tonumber(ARGV[3]) then
    redis.call('HSET', KEYS[4], 'v', ARGV[3])
  end
end
-- Processes that wait for that load would wait for an outdated one.
if type(lease) == 'string' and string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return 1
