local held
if #ARGV[1] == 32 and not string.find(ARGV[1], '{', 1, true) then
  held = redis.call('GETRANGE', KEYS[1], '-54', '-23')
else
  held = redis.call('GET', KEYS[1])
end
if held ~= ARGV[1] then
  local value = redis.call('GET', KEYS[1])
  if not value then
    return 0
  end
  return {value, redis.call('PTTL', KEYS[1])}
end
redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return 1
