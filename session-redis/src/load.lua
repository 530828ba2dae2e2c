local value = redis.call('GET', KEYS[1])
if not value then
  return false
end
local left = redis.call('PTTL', KEYS[1])
if left >= 0 and left < tonumber(ARGV[1]) then
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
  return {value, tonumber(ARGV[2]), 1}
end
return {value, left, 0}
