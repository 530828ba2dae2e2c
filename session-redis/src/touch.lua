local value = redis.call('GET', KEYS[1])
if not value then
  return 0
end
if #value > 54 and string.find(value, '^%s+$', -54) then
  value = string.sub(value, 1, -23) .. ARGV[1]
end
redis.call('SET', KEYS[1], value, 'PX', ARGV[2])
return 1
