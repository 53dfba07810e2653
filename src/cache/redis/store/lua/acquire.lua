-- Purpose:  the generations of tags, created where they are missing. Given leases as well: what entries are there now, and
--           the leases, unless another process has one under the very same generations.
-- Atomic:   two loads that find no generation must agree on one, and of two that ask for a lease one must lead.
-- Late:     harmless; a lease that is not used expires. Run twice: the second finds the first. The server's time is
--           part of a new id, so that the same command can never bring an old one back.
-- KEYS      one for each tag: its generation; with leases three for each entry: the generation of its key, its lease, and
--           the entry; these three in one slot. One key may be named more than once
-- ARGV      for each of them a random id, and how long the generation is kept at least, in milliseconds; with leases three
--           more: the token of the lease, how long it is held, in milliseconds, and the generations of the entry's other tags
-- Reply     one list: for each a generation; with leases three for each: the generation, 1 leased or 0 held by another
--           process, the entry or false
local hasLeases = #ARGV ~= 2 * #KEYS
local keysEach, argsEach = hasLeases and 3 or 1, hasLeases and 5 or 2

-- What is of another type was not written by us: MGET takes it for missing, and SET replaces it.
local names, present = {}, {}
for place = 1, #KEYS, keysEach do
  names[#names + 1] = KEYS[place]
  if hasLeases then names[#names + 1] = KEYS[place + 1] end
end
for index, value in ipairs(redis.call('MGET', unpack(names))) do present[names[index]] = value end

-- Also for those who ask for the same one here.
local isNew = {}
local time
local function generationOf(key, id, keptMs)
  local generation = present[key]
  -- What no random id looks like was not written by us either: an entry could not be stamped with it.
  if not generation or #generation > 128 or string.find(generation, '[^%w._~-]') then
    time = time or redis.call('TIME')
    generation = id .. '.' .. time[1] .. '.' .. time[2]
    redis.call('SET', key, generation, 'PX', keptMs)
    present[key], isNew[key] = generation, true
  elseif redis.call('PTTL', key) < tonumber(keptMs) then
    -- For a quarter longer, so that not each load has to.
    redis.call('PEXPIRE', key, math.ceil(keptMs * 1.25))
  end
  return generation
end

-- Under a new generation no entry counts. A very large one is not worth the way: the process that asks loads again.
local function entryUnder(generationKey, key)
  if isNew[generationKey] then return false end
  local length = redis.pcall('STRLEN', key)
  return type(length) == 'number' and length > 0 and length <= 1048576 and redis.call('GET', key)
end

-- A lease is `token|generations`, and ends in `!` once another process waits for it.
local function isLeased(key, token, heldMs, wanted)
  local held = present[key]
  local waiting = held and string.sub(held, -1) == '!'
  if held then
    local bar = string.find(held, '|', 1, true) or 0
    local bound = string.sub(held, bar + 1, waiting and -2 or -1)
    if bound == wanted and string.sub(held, 1, bar - 1) ~= token then
      if not waiting then
        present[key] = held .. '!'
        redis.call('SET', key, present[key], 'KEEPTTL')
      end
      return 0
    end
  end
  present[key] = token .. '|' .. wanted .. (waiting and '!' or '')
  redis.call('SET', key, present[key], 'PX', heldMs)
  return 1
end

local reply = {}
local argument = 1
for place = 1, #KEYS, keysEach do
  local generation = generationOf(KEYS[place], ARGV[argument], ARGV[argument + 1])
  reply[#reply + 1] = generation
  if hasLeases then
    local wanted = generation .. ' ' .. ARGV[argument + 4]
    local entry = entryUnder(KEYS[place], KEYS[place + 2])
    reply[#reply + 1] = isLeased(KEYS[place + 1], ARGV[argument + 2], ARGV[argument + 3], wanted)
    reply[#reply + 1] = entry
  end
  argument = argument + argsEach
end
return reply
