local value = redis.call('GET', KEYS[1])
if value == ARGV[1] then
  redis.call('DEL', KEYS[1])
  return 1
end
if not value then
  return 0
end
return {value, redis.call('PTTL', KEYS[1])}
