-- Purpose:  ends the life of tags: without its generation nothing that was stored or is being loaded under a tag counts,
--           and the next load creates another one, which no load has captured. The entry of the same name goes too.
--           Tells every process, by the log, so that it drops its copies.
-- Atomic:   a fill in between would find the generation that it was loaded under, and a process that drops a copy
--           before would find the old entry again.
-- Late:     one more miss. Run twice: the same.
--           Writes that are under way find the version that is behind it; where it is not known, they store nothing.
-- KEYS      four for each tag: the generation, the entry, its lease, the writes under way; these four in one slot.
--           Then the log, where it is on the same server
-- ARGV[1]   the channel of wake-ups, where tags are published; with the log: ARGV[2] how long it is kept without another
--           entry, in milliseconds, ARGV[3] about how many entries are kept; then nothing, or for each tag the version of
--           its row, or ''
-- Reply     1
local tags = math.floor(#KEYS / 4)
local log = KEYS[4 * tags + 1]
local beforeVersions = log and 3 or 1
local gone, leases, versioned = {}, {}, {}
for tag = 1, tags do
  local place = 4 * tag - 3
  leases[tag] = KEYS[place + 2]
  for key = place, place + 2 do gone[#gone + 1] = KEYS[key] end
  local of = (ARGV[beforeVersions + tag] or '') == '' and gone or versioned
  of[#of + 1] = KEYS[place + 3]
end
local holders = redis.call('MGET', unpack(leases))
redis.call('DEL', unpack(gone))
if #versioned > 0 and redis.call('EXISTS', unpack(versioned)) > 0 then
  for tag = 1, tags do
    local writes, version = KEYS[4 * tag], ARGV[beforeVersions + tag]
    if version ~= '' and redis.call('EXISTS', writes) == 1 then
      local seen = redis.pcall('HGET', writes, 'v')
      if type(seen) == 'table' then
        redis.call('DEL', writes)
      elseif not seen or tonumber(seen) < tonumber(version) then
        redis.call('HSET', writes, 'v', version)
      end
    end
  end
end
local fields = {}
for tag = 1, tags do
  local _, before = string.find(KEYS[4 * tag - 3], ':g:{', 1, true)
  local name = string.sub(KEYS[4 * tag - 3], before + 1, -2)
  fields[#fields + 1] = 't'
  fields[#fields + 1] = name
  -- Processes that wait for that load would wait for an outdated one.
  local holder = holders[tag]
  if holder and string.sub(holder, -1) == '!' then redis.call('PUBLISH', ARGV[1], name) end
end
if not log then return 1 end
local added = redis.pcall('XADD', log, 'MAXLEN', '~', ARGV[3], '*', unpack(fields))
if type(added) == 'table' then
  -- There is no room, or what is there is not ours. Without the log everybody drops all copies, which is as good.
  redis.call('DEL', log)
else
  -- It must not become immortal.
  redis.call('PEXPIRE', log, ARGV[2])
end
return 1
