local call = redis.pcall

local function compare(key, version, text, ttl)
  local held
  if #version == 32 then
    held = call('GETRANGE', key, '-54', '-23')
  else
    held = call('GET', key)
  end
  if type(held) == 'table' then
    return held
  end
  if held ~= version then
    local value = call('GET', key)
    if type(value) == 'string' then
      return {value, call('PTTL', key)}
    end
    return value or 0
  end
  local done
  if text == '' then
    done = call('DEL', key)
  else
    done = call('SET', key, text, 'PX', ttl)
  end
  if type(done) == 'table' and done.err then
    return done
  end
  return 1
end

if #KEYS == 1 then
  return compare(KEYS[1], ARGV[1], ARGV[2], ARGV[3])
end
local answers = {}
for n, key in ipairs(KEYS) do
  local answer = compare(key, ARGV[3 * n - 2], ARGV[3 * n - 1], ARGV[3 * n])
  if type(answer) == 'table' and answer.err then
    answer = -1
  end
  answers[n] = answer
end
return answers
