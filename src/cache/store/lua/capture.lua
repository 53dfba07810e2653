-- Purpose:  the generation of a tag, created where it is missing; its life is extended.
-- Atomic:   two loads that find none must agree on one.
-- Late:     harmless; a generation that nobody asked for is only an id. Run twice: the second finds the first.
--           The server's time is part of a new id, so that the same command can never bring an old one back.
-- KEYS[1]   the tag's generation
-- ARGV[1]   random id, ARGV[2] how long the generation is kept, in milliseconds
-- Reply     the generation
local generation = redis.call('GET', KEYS[1])
if generation then
  if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
  return generation
end
local time = redis.call('TIME')
generation = ARGV[1] .. '.' .. time[1] .. '.' .. time[2]
redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
return generation
