-- Purpose:  takes writes that are due. They stay in the journal, and are due again when the process that took them has died. Also
--           names the epoch of what is pending, and makes writes due whose time was lost, or set by a clock since set back.
-- Atomic:   two who claim at the same time get different ones.
-- Late:     they are flushed a little later. Run twice: the second finds others.
-- KEYS[1]   the pending writes, KEYS[2] when each is due, KEYS[3] failed attempts
-- ARGV[1]   how many at most, ARGV[2] for how many milliseconds no other process gets them, ARGV[3] 1 to take what is not due too,
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
