local function index(key, id, expires_at, first, ttl)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', first)
  local score = redis.call('ZSCORE', key, id)
  if not score or tonumber(score) < tonumber(expires_at) then
    redis.call('ZADD', key, expires_at, id)
  end
  if redis.call('PTTL', key) < tonumber(ttl) then
    redis.call('PEXPIRE', key, ttl)
  end
end

