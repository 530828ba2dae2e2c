local value = redis.call('GET', KEYS[1])
if not value then
  return 0
end
if #ARGV[1] == 32 and not string.find(ARGV[1], '{', 1, true) then
  if string.sub(value, -54, -23) ~= ARGV[1] then
    return -1
  end
  value = string.sub(value, 1, -23) .. ARGV[2]
elseif value ~= ARGV[1] then
  return -1
end
redis.call('SET', KEYS[1], value, 'PX', ARGV[3])
return 1
