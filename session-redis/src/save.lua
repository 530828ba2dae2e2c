local value = redis.call('GET', KEYS[1])
if value == ARGV[1] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
  return 1
end
if not value then
  return 0
end
return {value, redis.call('PTTL', KEYS[1])}
