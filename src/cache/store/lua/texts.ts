// Written by `npm run generate` from the .lua files beside it. Change those, not this.

/** The texts of the scripts in this folder, by the names of their files. */
export const luaTexts = {
  abandon: `-- Purpose:  ends an announced write that will store nothing.
-- Atomic:   another write must not be announced between looking and deleting.
-- Late:     the announcement has ended in another way, and nothing happens. Run twice: the same.
-- KEYS[1]   the writes under way
-- ARGV[1]   the token
-- Reply     1 ended, 0 nothing to end
if redis.pcall('HDEL', KEYS[1], 't:' .. ARGV[1]) ~= 1 then return 0 end
-- What was seen is there for those who are still under way.
if redis.call('HLEN', KEYS[1]) <= redis.call('HEXISTS', KEYS[1], 'v') then redis.call('DEL', KEYS[1]) end
return 1
`,
  acquire: `-- Purpose:  the generation of a tag, created where it is missing. Given a lease as well: what entry is there now, and
--           the lease, unless somebody else has it under the very same generations.
-- Atomic:   two loads that find no generation must agree on one, and of two that ask for a lease one must lead.
-- Late:     harmless; a lease that nobody uses expires. Run twice: the second finds the first. The server's time is
--           part of a new id, so that the same command can never bring an old one back.
-- KEYS[1]   the tag's generation; with a lease: KEYS[2] the lease, KEYS[3] the entry; all in one slot
-- ARGV[1]   random id, ARGV[2] how long the generation is kept at least, in milliseconds; with a lease: ARGV[3] its
--           token, ARGV[4] how long it is held, in milliseconds, ARGV[5] the generations of the entry's other tags
-- Reply     {generation}, with a lease {generation, 1 leased or 0 held by somebody else, entry or false}

-- What is of another type was not written by us: it is removed, and missing.
local function text(key)
  local value = redis.pcall('GET', key)
  if type(value) == 'table' then
    redis.call('DEL', key)
    return false
  end
  return value
end

local generation = text(KEYS[1])
-- So is what no random id looks like: an entry could not be stamped with it.
if not generation or #generation > 128 or string.find(generation, '[^%w._-]') then
  local time = redis.call('TIME')
  generation = ARGV[1] .. '.' .. time[1] .. '.' .. time[2]
  redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
if #KEYS == 1 then return { generation } end

-- A lease is \`token|generations\`, and ends in \`!\` once somebody waits for it.
-- A very large one is not worth the way: whoever asks loads again.
local length = redis.pcall('STRLEN', KEYS[3])
local entry = (type(length) == 'table' or length <= 1048576) and text(KEYS[3])
local wanted = generation .. ' ' .. ARGV[5]
local held = text(KEYS[2])
local waiting = held and string.sub(held, -1) == '!'
if held then
  local bar = string.find(held, '|', 1, true) or 0
  local bound = string.sub(held, bar + 1, waiting and -2 or -1)
  if bound == wanted and string.sub(held, 1, bar - 1) ~= ARGV[3] then
    if not waiting then redis.call('SET', KEYS[2], held .. '!', 'KEEPTTL') end
    return { generation, 0, entry }
  end
end
redis.call('SET', KEYS[2], ARGV[3] .. '|' .. wanted .. (waiting and '!' or ''), 'PX', ARGV[4])
return { generation, 1, entry }
`,
  announce: `-- Purpose:  tells every process which tags were invalidated, in order, so that it can drop its copies.
-- Atomic:   the log must not become immortal when the process ends between both commands.
-- Late:     copies are dropped once more. Run twice: the same.
-- KEYS[1]   the log
-- ARGV[1]   how long the log is kept without another entry, in milliseconds, ARGV[2] about how many entries are kept,
--           ARGV[3..] the tags; "*" stands for all
-- Reply     1, or 0 where there was no room and the log was removed instead
local fields = {}
for index = 3, #ARGV do
  fields[#fields + 1] = 't'
  fields[#fields + 1] = ARGV[index]
end
-- What is of another type was not written by us.
local length = redis.pcall('XLEN', KEYS[1])
if type(length) == 'table' then redis.call('DEL', KEYS[1]) end
local added = redis.pcall('XADD', KEYS[1], 'MAXLEN', '~', ARGV[2], '*', unpack(fields))
if type(added) == 'table' and added.err then
  -- There is no room. Without the log everybody drops all copies, which is as good.
  redis.call('DEL', KEYS[1])
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
`,
  'count-asked': `-- Purpose:  adds to how often argument sets of a field were asked for lately, and keeps those most asked for.
-- Atomic:   counts fade once in a half-life, whichever process comes first.
-- Late:     counts are for choosing only. Run twice: counted twice.
-- KEYS[1]   the counts, KEYS[2] there until they fade next; both in one slot
-- ARGV[1]   half-life in milliseconds, ARGV[2] how many are kept, ARGV[3] how long the last count is remembered, in
--           milliseconds; then argument set and count in turn
-- Reply     how many are kept now
if redis.call('SET', KEYS[2], 1, 'NX', 'PX', ARGV[1]) and redis.call('EXISTS', KEYS[1]) == 1 then
  local kept = redis.call('PTTL', KEYS[1])
  redis.call('ZUNIONSTORE', KEYS[1], 1, KEYS[1], 'WEIGHTS', 0.5)
  redis.call('PEXPIRE', KEYS[1], kept)
end
if #ARGV > 3 then
  for index = 4, #ARGV, 2 do redis.call('ZINCRBY', KEYS[1], ARGV[index + 1], ARGV[index]) end
  redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[2])
  redis.call('PEXPIRE', KEYS[1], ARGV[3])
end
return redis.call('ZCARD', KEYS[1])
`,
  fill: `-- Purpose:  stores an entry that was loaded under the present generation of its key, and gives its lease back.
-- Atomic:   an invalidation between the comparison and the write would let an old value in.
-- Late:     refused once the key was invalidated. Run twice: stores the same entry again.
-- KEYS[1]   the entry, KEYS[2] the generation of its key, KEYS[3] its lease; all in one slot
-- ARGV[1]   the generation captured before the load, ARGV[2] the entry, ARGV[3] how long it is kept, in milliseconds,
--           ARGV[4] the token of the lease, ARGV[5] the channel of wake-ups, ARGV[6] what is published there, ARGV[7]
--           how long the generation is kept at least, in milliseconds
-- Reply     1 stored, 0 outdated
local stored = 0
local generation = redis.pcall('GET', KEYS[2])
if generation == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[7]) then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
  stored = 1
end
local lease = redis.pcall('GET', KEYS[3])
if type(lease) == 'string' and string.sub(lease, 1, #ARGV[4] + 1) == ARGV[4] .. '|' then
  redis.call('DEL', KEYS[3])
  if string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[5], ARGV[6]) end
end
return stored
`,
  intend: `-- Purpose:  announces a write that will want to store its row, before its transaction begins.
-- Atomic:   whether the entry is hot is asked in the moment of the announcement.
-- Late:     an announcement that nobody uses expires. Run twice: another one. The server's time is part of the token, so
--           that a command that runs again never brings back a token whose row was stored.
-- KEYS[1]   the writes under way, KEYS[2] the entry; both in one slot
-- ARGV[1]   random id, ARGV[2] how long a write may take, in milliseconds, ARGV[3] 1 to announce nothing without an entry
-- Reply     the token, or false where nothing was announced
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 0 then return false end
local time = redis.call('TIME')
local token = ARGV[1] .. '.' .. time[1] .. '.' .. time[2]
local announced = redis.pcall('HSET', KEYS[1], 't:' .. token, 1)
if type(announced) == 'table' then
  -- What is of another type was not written by us.
  redis.call('DEL', KEYS[1])
  redis.call('HSET', KEYS[1], 't:' .. token, 1)
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return token
`,
  invalidate: `-- Purpose:  ends the life of a tag: without its generation nothing that was stored or is being loaded under it counts,
--           and the next load creates another one, which no load has captured. The entry of the same name goes too.
-- Atomic:   a fill in between would find the generation that it was loaded under.
-- Late:     one more miss. Run twice: the same.
--           Writes that are under way find the version that is behind it; where nobody knows it, they store nothing.
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
-- Whoever waits for that load would wait for an outdated one.
if type(lease) == 'string' and string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[1], ARGV[2]) end
return 1
`,
  put: `-- Purpose:  stores the row of a write that has committed, under a new generation of its key.
-- Atomic:   a later version, or an invalidation by somebody who knows none, must not come in between.
-- Late:     refused once a later version was seen. Run twice: refused, since the token is used up.
-- KEYS[1]   the entry, KEYS[2] the generation of its key, KEYS[3] its lease, KEYS[4] the writes under way; all in one slot
-- ARGV[1]   the token, ARGV[2] the row's version, ARGV[3] the new generation, ARGV[4] the entry, ARGV[5] how long it is
--           kept, ARGV[6] how long the generation is kept, both in milliseconds, ARGV[7] the channel of wake-ups, ARGV[8]
--           what is published there
-- Reply     1 stored, 0 refused
local ended = redis.pcall('HDEL', KEYS[4], 't:' .. ARGV[1])
if ended ~= 1 then return 0 end
local seen = tonumber(redis.call('HGET', KEYS[4], 'v') or '') or -1
local version = tonumber(ARGV[2])
-- Those who are still under way compare with what they find here; without them it is of no use.
if redis.call('HLEN', KEYS[4]) <= (seen < 0 and 0 or 1) then
  redis.call('DEL', KEYS[4])
elseif version > seen then
  redis.call('HSET', KEYS[4], 'v', ARGV[2])
end
if version < seen then return 0 end
redis.call('SET', KEYS[2], ARGV[3], 'PX', ARGV[6])
redis.call('SET', KEYS[1], ARGV[4], 'PX', ARGV[5])
local lease = redis.pcall('GET', KEYS[3])
redis.call('DEL', KEYS[3])
if type(lease) == 'string' and string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[7], ARGV[8]) end
return 1
`,
  release: `-- Purpose:  gives a lease back and wakes those who wait for it.
-- Atomic:   a lease that has meanwhile gone to somebody else must stay his.
-- Late:     does nothing, since the token is no longer there. Run twice: the same.
-- KEYS[1]   the lease
-- ARGV[1]   its token, ARGV[2] the channel of wake-ups, ARGV[3] what is published there
-- Reply     1 released, 0 no longer held
local lease = redis.pcall('GET', KEYS[1])
if type(lease) ~= 'string' or string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. '|' then return 0 end
redis.call('DEL', KEYS[1])
if string.sub(lease, -1) == '!' then redis.call('PUBLISH', ARGV[2], ARGV[3]) end
return 1
`,
  renew: `-- Purpose:  lets the holder of a lease keep it for another while.
-- Atomic:   a lease that has meanwhile gone to somebody else must not be prolonged.
-- Late:     does nothing once the token is gone; otherwise the lease ends a little later. Run twice: the same.
-- KEYS[1]   the lease, KEYS[2] the generation of its key, which must outlive the load; both in one slot
-- ARGV[1]   its token, ARGV[2] how long it is held from now on, ARGV[3] how long the generation is kept at least, both
--           in milliseconds
-- Reply     1 renewed, 0 no longer held
local lease = redis.pcall('GET', KEYS[1])
if type(lease) ~= 'string' or string.sub(lease, 1, #ARGV[1] + 1) ~= ARGV[1] .. '|' then return 0 end
if redis.call('PTTL', KEYS[2]) < tonumber(ARGV[3]) then redis.call('PEXPIRE', KEYS[2], ARGV[3]) end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
`,
};
