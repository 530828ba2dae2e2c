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

local replies, indexed, key, arg = {}, {}, 1, 2
for n = 1, #ARGV[1] do
  local record, expected, value, ttl = KEYS[key], ARGV[arg], ARGV[arg + 1], ARGV[arg + 2]
  key, arg = key + 1, arg + 3
  local is_indexed = true
  if string.sub(ARGV[1], n, n) == 'o' then
    is_indexed = pcall(add_to_index, KEYS[key], ARGV[arg], ARGV[arg + 1])
    indexed[#indexed + 1] = {KEYS[key], ARGV[arg + 2], ARGV[arg + 3]}
    key, arg = key + 1, arg + 4
  end
  replies[n] = is_indexed and compare_and_set(record, expected, value, ttl) or needs_own_script
end
-- Last, because a full server stops refusing commands once a script has written.
for _, index in ipairs(indexed) do
  pcall(tidy_index, unpack(index))
end
return replies
