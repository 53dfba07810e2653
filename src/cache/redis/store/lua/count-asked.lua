-- Purpose:  adds to how often argument sets of a field were asked for lately, and keeps those most asked for.
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
