-- Purpose:  the generation of the key of a write that will want to store its row, before its transaction begins; created where
--           it is missing.
-- Atomic:   two who find none must agree on one.
-- Late:     harmless. Run twice: the second finds the first. The server's time is part of a new id, so that the same command
--           can never bring an old one back.
-- KEYS[1]   the generation, KEYS[2] the entry; both in one slot
-- ARGV[1]   random id, ARGV[2] how long a new generation is kept, in milliseconds, ARGV[3] 1 where nothing shall be stored
--           without an entry now
-- Reply     the generation, or false where nothing shall be stored
if ARGV[3] == '1' and redis.call('EXISTS', KEYS[2]) == 0 then return false end
-- What is of another type was not written by us: MGET takes it for missing, and SET replaces it.
local present = redis.call('MGET', KEYS[1])[1]
if present and #present <= 128 and not string.find(present, '[^%w._~-]') then return present end
local time = redis.call('TIME')
local generation = ARGV[1] .. '.' .. time[1] .. '.' .. time[2]
redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
return generation
