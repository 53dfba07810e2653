-- Purpose:  announces a write that will want to store its row, before its transaction begins.
-- Atomic:   whether the entry is hot is asked in the moment of the announcement.
-- Late:     an announcement that is not used expires. Run twice: another one. The server's time is part of the token, so
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
