-- Purpose:  ends the life of tags: without its generation nothing that was stored or is being loaded under a tag counts,
--           and the next load creates another one, which no load has captured. The entry of the same name goes too.
--           Tells every process, by the log, so that it drops its copies. Stores the row of a write that has committed, in the
--           same step or without any tags, under a new generation of its key.
-- Atomic:   a fill in between would find the generation that it was loaded under, and a process that drops a copy
--           before would find the old entry again. A later version, or an invalidation without one, must not come between the
--           look at the generation and the row.
-- Late:     one more miss; the row is refused once a later version was seen, or the root has ended. Run twice: the same.
--           A generation is `root`, or `root~version~id` with the latest version of its row that was seen since the root. An
--           invalidation that knows the version leaves such a one, so that writes under way find it there; one that does not
--           ends the root. The server's time is part of the id of a tag, so that the same command never brings an old one
--           back; that of a row is the generation that its entry names.
-- KEYS      three for each tag: the generation, the entry, its lease; these three in one slot. With a row three more: the
--           generation of its key, its entry, its lease. Then the log, where it is on the same server
-- ARGV[1]   the channel of wake-ups, where tags are published, ARGV[2] the number of tags, ARGV[3] how long a log that is
--           made now is kept, in milliseconds, or '' without the log, ARGV[4] about how many entries the log keeps, ARGV[5] a
--           random id, or '' where no version is known; with the id for each tag the version of its row, or ''. With a row
--           seven more: the generation captured before its transaction, its version, the new generation, how long that is
--           kept, the entry, how long that is kept, both in milliseconds, and what is published when its lease ends
-- Reply     1, or 0 where the row was refused, 2 where there was no room for it
local channel, tags, logKeptMs, logEntries, id = ARGV[1], tonumber(ARGV[2]), ARGV[3], ARGV[4], ARGV[5]
local log = logKeptMs ~= '' and KEYS[#KEYS]
local hasVersions = id ~= ''
local ofRow = 3 * tags + 1
local hasRow = #KEYS > (log and ofRow or ofRow - 1)
local names = {}
for place = 1, hasRow and ofRow or ofRow - 1, 3 do
  names[#names + 1] = KEYS[place]
  names[#names + 1] = KEYS[place + 2]
end
local present = {}
for index, value in ipairs(redis.call('MGET', unpack(names))) do present[names[index]] = value end

local function rootOf(generation) return string.match(generation, '^[^~]*') end
local function seenIn(generation) return string.match(generation, '^[^~]*~(%d+)~') end

local woken = {}
local function isWaitedFor(lease) return present[lease] and string.sub(present[lease], -1) == '!' end

-- The row first: what it takes the place of need not be deleted.
local outcome, kept = hasRow and 0 or 1, {}
if hasRow then
  local generation, entry, lease = KEYS[ofRow], KEYS[ofRow + 1], KEYS[ofRow + 2]
  local first = hasVersions and 6 + tags or 6
  local captured, version, new, newKeptMs, bytes, keptMs, message = unpack(ARGV, first, first + 6)
  local before = present[generation]
  local isCurrent = before and rootOf(before) == rootOf(captured)
    and tonumber(version) >= tonumber(seenIn(before) or version)
  -- One of the tags may be its key without a version.
  for tag = 1, tags do
    if KEYS[3 * tag - 2] == generation and (not hasVersions or ARGV[5 + tag] == '') then isCurrent = false end
  end
  local trouble = isCurrent and redis.pcall('SET', entry, bytes, 'PX', keptMs).err
  if isCurrent and not trouble then
    trouble = redis.pcall('SET', generation, new, 'PX', newKeptMs).err
    if trouble then
      redis.call('DEL', generation, entry)
    else
      outcome = 1
      kept[generation], kept[entry] = true, true
      if isWaitedFor(lease) then woken[#woken + 1] = message end
      if present[lease] then redis.call('DEL', lease) end
      kept[lease] = true
    end
  end
  if trouble then
    -- A server that is a replica by now, say, is away: that is the answer. It ends no tags either, and says so there.
    if tags == 0 and not string.find(trouble, 'OOM', 1, true) then return redis.error_reply(trouble) end
    outcome = 2
  end
end

local gone, fields = {}, {}
local function ends(key) if not kept[key] then gone[#gone + 1] = key end end
local time
for tag = 1, tags do
  local generation, entry, lease = KEYS[3 * tag - 2], KEYS[3 * tag - 1], KEYS[3 * tag]
  local version = hasVersions and ARGV[5 + tag] or ''
  local before = present[generation]
  if version ~= '' and before and not kept[generation] then
    local seen = seenIn(before)
    if seen and tonumber(seen) > tonumber(version) then version = seen end
    time = time or redis.call('TIME')
    local new = table.concat({ rootOf(before), version, id .. '.' .. time[1] .. '.' .. time[2] }, '~')
    if redis.pcall('SET', generation, new, 'KEEPTTL').err then ends(generation) end
  else
    ends(generation)
  end
  ends(entry)
  local _, behind = string.find(generation, ':g:{', 1, true)
  local name = string.sub(generation, behind + 1, -2)
  fields[#fields + 1] = 't'
  fields[#fields + 1] = name
  if present[lease] and not kept[lease] then
    ends(lease)
    -- Processes that wait for that load would wait for an outdated one.
    if isWaitedFor(lease) then woken[#woken + 1] = name end
  end
end
if #gone > 0 then redis.call('DEL', unpack(gone)) end
for _, name in ipairs(woken) do redis.call('PUBLISH', channel, name) end
if not log then return outcome end

local added = redis.pcall('XADD', log, 'NOMKSTREAM', 'MAXLEN', '~', logEntries, '*', unpack(fields))
if not added then
  -- A log that was evicted a moment ago must not have its last id again: who has read that would miss this entry.
  time = time or redis.call('TIME')
  local first = string.format('%s%03d-%d', time[1], math.floor(time[2] / 1000), 1000 + time[2] % 1000)
  added = redis.pcall('XADD', log, first, unpack(fields))
  -- It must not become immortal.
  redis.call('PEXPIRE', log, logKeptMs)
end
-- There is no room, or what is there is not ours. Without the log everybody drops all copies, which is as good.
if type(added) == 'table' then redis.call('DEL', log) end
return outcome
