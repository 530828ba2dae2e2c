local call = redis.pcall
local alone = -1

local function compare(key, version, text, ttl)
  local held
  if #version == 32 and string.find(version, '^%s+$') then
    held = call('GETRANGE', key, '-54', '-23')
  else
    held = call('GET', key)
  end
  if type(held) == 'table' then
    return alone
  end
  if held ~= version then
    local value, left = call('GET', key), call('PTTL', key)
    if value == false then
      return 0
    end
    if type(value) ~= 'string' or type(left) ~= 'number' or #value > 16384 then
      return alone
    end
    return {value, left}
  end
  local done
  if text == '' then
    done = call('DEL', key)
  else
    done = call('SET', key, text, 'PX', ttl)
  end
  if type(done) == 'table' and done.err then
    return alone
  end
  return 1
end

local answers = {}
for n, key in ipairs(KEYS) do
  answers[n] = compare(key, ARGV[3 * n - 2], ARGV[3 * n - 1], ARGV[3 * n])
end
return answers
