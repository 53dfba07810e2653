-- Purpose:  tells every process which tags were invalidated, in order, so that it can drop its copies.
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
-- A log that was evicted a moment ago must not have its last id again: who has read that would miss this entry.
local function begin()
  local time = redis.call('TIME')
  local first = string.format('%s%03d-%d', time[1], math.floor(time[2] / 1000), 1000 + time[2] % 1000)
  return redis.pcall('XADD', KEYS[1], first, unpack(fields))
end
local added = redis.pcall('XADD', KEYS[1], 'NOMKSTREAM', 'MAXLEN', '~', ARGV[2], '*', unpack(fields))
if not added then added = begin() end
if type(added) == 'table' then
  -- There is no room. Without the log everybody drops all copies, which is as good.
  redis.call('DEL', KEYS[1])
  -- What is of another type was not written by us.
  if not string.find(added.err, 'WRONGTYPE', 1, true) then return 0 end
  begin()
end
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
