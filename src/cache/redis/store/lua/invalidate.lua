-- Purpose:  ends the life of tags: without its generation nothing that was stored or is being loaded under a tag counts,
--           and the next load creates another one, which no load has captured. The entry of the same name goes too.
-- Atomic:   a fill in between would find the generation that it was loaded under.
-- Late:     one more miss. Run twice: the same.
--           Writes that are under way find the version that is behind it; where it is not known, they store nothing.
-- KEYS      four for each tag: the generation, the entry, its lease, the writes under way; these four in one slot
-- ARGV[1]   the channel of wake-ups, where tags are published; then nothing, or for each tag the version of its row, or ''
-- Reply     1
for place = 1, #KEYS, 4 do
  local generation, entry, lease, writes = KEYS[place], KEYS[place + 1], KEYS[place + 2], KEYS[place + 3]
  local version = ARGV[(place + 7) / 4] or ''
  local holder = redis.pcall('GET', lease)
  if version == '' then
    redis.call('DEL', generation, entry, lease, writes)
  else
    redis.call('DEL', generation, entry, lease)
    if redis.call('EXISTS', writes) == 1 then
      local seen = redis.pcall('HGET', writes, 'v')
      if type(seen) == 'table' then
        redis.call('DEL', writes)
      elseif not seen or tonumber(seen) < tonumber(version) then
        redis.call('HSET', writes, 'v', version)
      end
    end
  end
  -- Processes that wait for that load would wait for an outdated one.
  if type(holder) == 'string' and string.sub(holder, -1) == '!' then
    local _, before = string.find(generation, ':g:{', 1, true)
    redis.call('PUBLISH', ARGV[1], string.sub(generation, before + 1, -2))
  end
end
return 1
