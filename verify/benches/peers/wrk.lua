-- Sends the requests of many visitors in turn. The arguments are their cookies. Requests of one session would wait for each other.
function init(cookies)
   requests = {}
   for i, cookie in ipairs(cookies) do
      requests[i] = wrk.format(nil, nil, { cookie = cookie })
   end
   turn = 0
end

function request()
   turn = turn % #requests + 1
   return requests[turn]
end

-- Prints one line for the parent process: requests per second, failures, and three quantiles in microseconds.
function done(summary, latency)
   local failed = summary.errors.connect + summary.errors.read + summary.errors.write
      + summary.errors.status + summary.errors.timeout
   io.write(string.format(
      "measured %f %d %f %f %f\n",
      summary.requests / summary.duration * 1e6,
      failed,
      latency:percentile(50),
      latency:percentile(99),
      latency:percentile(99.9)
   ))
end
