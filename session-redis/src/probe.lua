redis.call('SET', KEYS[1], '', 'PX', 1)
return redis.call('DEL', KEYS[1])
