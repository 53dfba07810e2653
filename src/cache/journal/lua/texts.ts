// Written by `npm run generate` from the .lua files beside it. Change those, not this.

/** The texts of the scripts in this folder, by the names of their files. */
export const luaTexts = {
  accept: `-- Purpose:  takes a write into the journal, and ends the life of its key in the store in the same step.
-- Atomic:   the order of the numbers is the order of the states; a reader never finds the one without the other.
-- Late:     refused after its deadline: whoever sent it has given up, and a later write may have been acknowledged.
--           Run twice within it: the same state with a higher number, as if it had come a moment later.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] the clock, KEYS[4] failed attempts, KEYS[5] the dead
--           letters; KEYS[6], where the store is in the same Redis, the generation of the key
-- ARGV[1]   the key, ARGV[2] the record, ARGV[3] after how many milliseconds it is due, ARGV[4] how many keys may be
--           pending, ARGV[5] the deadline, in microseconds since 1970, ARGV[6] the highest number that whoever asks knows
--           of, ARGV[7] the field of the epoch, ARGV[8] what to call one that begins here, ARGV[9] how many dead letters
--           there may be
-- Reply     {1 accepted, 0 full or -1 too late, the number, the epoch that was found, or nothing, the present one}
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
if now > tonumber(ARGV[5]) then return { -1, '0' } end
-- Also where the clock of the server goes back, or the key of the clock is lost.
local seq = math.max(tonumber(redis.call('GET', KEYS[3]) or '0') + 1, now, tonumber(ARGV[6]) + 1)
local text = string.format('%.0f', seq)
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
`,
  bury: `-- Purpose:  moves a write that the database refuses to the dead letters.
-- Atomic:   it must be in one of both; a later write of the same key must stay.
-- Late:     does nothing where a later write has come. Run twice: the same.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts, KEYS[4] the dead letters
-- ARGV[1]   the key, ARGV[2] its number, ARGV[3] the letter
-- Reply     1 buried, 0 overtaken
local write = redis.call('HGET', KEYS[1], ARGV[1])
if not write or string.sub(write, 1, #ARGV[2] + 1) ~= ARGV[2] .. '|' then return 0 end
-- First what frees memory: a full Redis refuses a script that begins with anything else.
redis.call('HDEL', KEYS[1], ARGV[1])
redis.call('HSET', KEYS[4], ARGV[1], ARGV[3])
redis.call('ZREM', KEYS[2], ARGV[1])
redis.call('HDEL', KEYS[3], ARGV[1])
return 1
`,
  claim: `-- Purpose:  takes writes that are due. They stay in the journal, and are due again when whoever took them has died. Also
--           names the epoch of what is pending, and makes writes due whose time was lost, or set by a clock since set back.
-- Atomic:   two who claim at the same time get different ones.
-- Late:     they are flushed a little later. Run twice: the second finds others.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts
-- ARGV[1]   how many at most, ARGV[2] for how many milliseconds nobody else gets them, ARGV[3] 1 to take what is not due too,
--           ARGV[4] the most milliseconds for which anything is put off, or -1, ARGV[5] the field of the epoch, ARGV[6] the
--           run of the server, ARGV[7] a name for an epoch that begins here, ARGV[8] where anything is due, within how many
--           milliseconds what is due then is taken too, unless it has failed before, ARGV[9] 1 to take that at any rate
-- Reply     the epoch that was found, or nothing, the present one, how many are pending; then key, number and record,
--           failed attempts of each
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local found = redis.call('HGET', KEYS[1], ARGV[5])
local epoch = found
-- What another run of the server has saved may be older than what was accepted since.
if not found or string.sub(found, 1, #ARGV[6] + 1) ~= ARGV[6] .. ' ' then
  epoch = ARGV[6] .. ' ' .. ARGV[7]
  -- A full server refuses it; then there is none for a while.
  local set = redis.pcall('HSET', KEYS[1], ARGV[5], epoch)
  if type(set) == 'table' then epoch = found end
end
local pending = redis.call('HLEN', KEYS[1]) - (epoch and 1 or 0)
if pending > redis.call('ZCARD', KEYS[2]) then
  for _, key in ipairs(redis.call('HKEYS', KEYS[1])) do
    if key ~= ARGV[5] and not redis.call('ZSCORE', KEYS[2], key) then
      -- A full Redis refuses to add anything, unless a script has begun with a command that frees memory.
      redis.call('ZREM', KEYS[2], key)
      redis.call('ZADD', KEYS[2], now, key)
    end
  end
end
local limit = tonumber(ARGV[1])
local latest = ARGV[3] == '1' and '+inf' or now
local keys = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', latest, 'LIMIT', 0, limit)
if ARGV[8] ~= '0' and ARGV[3] ~= '1' and (#keys > 0 or ARGV[9] == '1') and #keys < limit then
  local soon = string.format('%.0f', now + tonumber(ARGV[8]))
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], '(' .. now, soon, 'LIMIT', 0, limit - #keys)) do
    if redis.call('HEXISTS', KEYS[3], key) == 0 then keys[#keys + 1] = key end
  end
end
if ARGV[4] ~= '-1' and ARGV[3] ~= '1' and #keys < limit then
  local beyond = '(' .. string.format('%.0f', now + tonumber(ARGV[4]))
  for _, key in ipairs(redis.call('ZRANGEBYSCORE', KEYS[2], beyond, '+inf', 'LIMIT', 0, limit - #keys)) do
    keys[#keys + 1] = key
  end
end
local claimed = { found or '', epoch or '', pending }
for _, key in ipairs(keys) do
  local write = redis.call('HGET', KEYS[1], key)
  if write then
    redis.call('ZREM', KEYS[2], key)
    redis.call('ZADD', KEYS[2], now + tonumber(ARGV[2]), key)
    claimed[#claimed + 1] = key
    claimed[#claimed + 1] = write
    claimed[#claimed + 1] = redis.call('HGET', KEYS[3], key) or '0'
  else
    redis.call('ZREM', KEYS[2], key)
  end
end
return claimed
`,
  overtake: `-- Purpose:  drops what the journal has of a key and the database has overtaken, by a write that went past the journal.
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
`,
  replay: `-- Purpose:  makes a dead letter pending again, with the number it had: what is newer in the database stays.
-- Atomic:   it must be in one of both; a later write of the same key must stay.
-- Late:     does nothing where another letter has come. Run twice: the second finds no letter.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts, KEYS[4] the dead letters
-- ARGV[1]   the key, ARGV[2] its number, ARGV[3] the record, ARGV[4] the letter that both were read from
-- Reply     1 replayed, 2 overtaken by a later write, 0 unknown
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
`,
  restore: `-- Purpose:  writes down again what the journal has lost, with the number it had, due at once.
-- Atomic:   a later write of the same key must stay, and so must a letter.
-- Late:     does nothing where it is there, or a later one. Run twice: the same. Flushed meanwhile: it is flushed once more,
--           and the number in the row makes that harmless; what is written down must say that it may be older than the row.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] the clock, KEYS[4] the dead letters
-- ARGV[1]   the key, ARGV[2] its number, ARGV[3] the record, ARGV[4] the field of the epoch, ARGV[5] what to call one that
--           begins here
-- Reply     1 written down, 0 there already, or overtaken
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
`,
  settle: `-- Purpose:  removes writes that the database has, or puts them off after a failure.
-- Atomic:   a later write of the same key must stay.
-- Late:     does nothing where a later write has come, but say when that is due. Run twice: the same; a failure counts twice.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts
-- ARGV[1]   after how many milliseconds they are due again, or -1 to remove them, ARGV[2] after how many milliseconds a
--           later write of one of their keys is due; then key and number of each
-- Reply     how many were still the latest of their key
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local after = tonumber(ARGV[1])
local later = tonumber(ARGV[2])
local changed = 0
for index = 3, #ARGV, 2 do
  local key, seq = ARGV[index], ARGV[index + 1]
  local write = redis.call('HGET', KEYS[1], key)
  if write and string.sub(write, 1, #seq + 1) == seq .. '|' then
    changed = changed + 1
    if after < 0 then
      redis.call('HDEL', KEYS[1], key)
      redis.call('ZREM', KEYS[2], key)
      redis.call('HDEL', KEYS[3], key)
    else
      -- A full Redis refuses to add anything, unless a script has begun with a command that frees memory.
      redis.call('ZREM', KEYS[2], key)
      redis.call('HINCRBY', KEYS[3], key, 1)
      redis.call('ZADD', KEYS[2], now + after, key)
    end
  elseif write then
    redis.call('ZREM', KEYS[2], key)
    redis.call('ZADD', KEYS[2], now + later, key)
  end
end
return changed
`,
};
