local function add_to_index(key, id, expires_at)
  local score = redis.call('ZSCORE', key, id)
  if not score or tonumber(score) < tonumber(expires_at) then
    redis.call('ZADD', key, expires_at, id)
  end
end

local function tidy_index(key, first, ttl)
  redis.call('ZREMRANGEBYSCORE', key, '-inf', first)
  if redis.call('PTTL', key) < tonumber(ttl) then
    redis.call('PEXPIRE', key, ttl)
  end
end

