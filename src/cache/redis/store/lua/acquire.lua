-- Purpose:  the generation of a tag, created where it is missing. Given a lease as well: what entry is there now, and
--           the lease, unless another process has it under the very same generations.
-- Atomic:   two loads that find no generation must agree on one, and of two that ask for a lease one must lead.
-- Late:     harmless; a lease that is not used expires. Run twice: the second finds the first. The server's time is
--           part of a new id, so that the same command can never bring an old one back.
-- KEYS[1]   the tag's generation; with a lease: KEYS[2] the lease, KEYS[3] the entry; all in one slot
-- ARGV[1]   random id, ARGV[2] how long the generation is kept at least, in milliseconds; with a lease: ARGV[3] its
--           token, ARGV[4] how long it is held, in milliseconds, ARGV[5] the generations of the entry's other tags
-- Reply     {generation}, with a lease {generation, 1 leased or 0 held by another process, entry or false}

-- What is of another type was not written by us: MGET takes it for missing, and SET replaces it.
local found = redis.call('MGET', KEYS[1], KEYS[2] or KEYS[1])
local generation, held = found[1], found[2]
-- So is what no random id looks like: an entry could not be stamped with it.
local isNew = not generation or #generation > 128 or string.find(generation, '[^%w._-]')
if isNew then
  local time = redis.call('TIME')
  generation = ARGV[1] .. '.' .. time[1] .. '.' .. time[2]
  redis.call('SET', KEYS[1], generation, 'PX', ARGV[2])
elseif redis.call('PTTL', KEYS[1]) < tonumber(ARGV[2]) then
  -- For a quarter longer, so that not each load has to.
  redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[2] * 1.25))
end
if #KEYS == 1 then return { generation } end

-- Under a new generation none counts. A very large one is not worth the way: the process that asks loads again.
local entry = false
if not isNew then
  local length = redis.pcall('STRLEN', KEYS[3])
  entry = type(length) == 'number' and length > 0 and length <= 1048576 and redis.call('GET', KEYS[3])
end
-- A lease is `token|generations`, and ends in `!` once another process waits for it.
local wanted = generation .. ' ' .. ARGV[5]
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
