local call = redis.pcall
local needs_own_script = -1

local function compare_and_set(key, expected, value, ttl)
  local held
  if #expected == 32 and not string.find(expected, '{', 1, true) then
    held = call('GETRANGE', key, '-54', '-23')
  else
    held = call('GET', key)
  end
  if type(held) == 'table' then
    return needs_own_script
  end
  if held ~= expected then
    local current, left = call('GET', key), call('PTTL', key)
    if current == false then
      return 0
    end
    if type(current) ~= 'string' or type(left) ~= 'number' or #current > 16384 then
      return needs_own_script
    end
    return {current, left}
  end
  local done = call('SET', key, value, 'PX', ttl)
  if type(done) == 'table' and done.err then
    return needs_own_script
  end
  return 1
end

local replies = {}
for n, key in ipairs(KEYS) do
  replies[n] = compare_and_set(key, ARGV[3 * n - 2], ARGV[3 * n - 1], ARGV[3 * n])
end
return replies
