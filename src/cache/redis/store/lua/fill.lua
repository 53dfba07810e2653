-- Purpose:  stores entries, each of which was loaded under the present generation of its key, and gives their leases back.
-- Atomic:   an invalidation between the comparison and the write would let an old value in.
-- Late:     refused once the key was invalidated. Run twice: stores the same entries again.
-- KEYS      three for each: the entry, the generation of its key, its lease; these three in one slot
-- ARGV      seven for each: the generation captured before the load, the entry, how long it is kept, in milliseconds,
--           the token of the lease, the channel of wake-ups, what is published there, and how long the generation is
--           kept at least, in milliseconds
-- Reply     a list with 1 stored, 0 outdated, or an error for each: without room for one, the leases of all are given back
local names, present = {}, {}
for place = 1, #KEYS, 3 do
  names[#names + 1] = KEYS[place + 1]
  names[#names + 1] = KEYS[place + 2]
end
for index, value in ipairs(redis.call('MGET', unpack(names))) do present[names[index]] = value end

local reply, ended, woken = {}, {}, {}
local argument = 1
for place = 1, #KEYS, 3 do
  local entry, generation, lease = KEYS[place], KEYS[place + 1], KEYS[place + 2]
  local captured, bytes, keptMs, token, channel, message, generationMs = unpack(ARGV, argument, argument + 6)
  local outcome = 0
  if present[generation] == captured then
    local set = redis.pcall('SET', entry, bytes, 'PX', keptMs)
    if set.err then
      -- A server that is a replica by now, say, is away: that is the answer to all.
      if not string.find(set.err, 'OOM', 1, true) then return set end
      outcome = set
    else
      if redis.call('PTTL', generation) < tonumber(generationMs) then
        redis.call('PEXPIRE', generation, generationMs)
      end
      outcome = 1
    end
  end
  reply[#reply + 1] = outcome
  local held = present[lease]
  if held and string.sub(held, 1, #token + 1) == token .. '|' then
    present[lease] = false
    ended[#ended + 1] = lease
    if string.sub(held, -1) == '!' then woken[#woken + 1] = { channel, message } end
  end
  argument = argument + 7
end
if #ended > 0 then redis.call('DEL', unpack(ended)) end
for _, one in ipairs(woken) do redis.call('PUBLISH', one[1], one[2]) end
return reply
