local removed = redis.call('DEL', KEYS[1])
if removed == 1 then
  redis.call('PUBLISH', ARGV[1], ARGV[2])
end
return removed
