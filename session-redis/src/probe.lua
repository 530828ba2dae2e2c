redis.call('SET', KEYS[1], '', 'PX', 1000)
redis.call('PTTL', KEYS[1])
redis.call('GET', KEYS[1])
return redis.call('DEL', KEYS[1])
