-- What wrk sends and reports. HEADERS in the environment names a file of header lines, all of one
-- name; each request has one of them at random. Without it all requests are the same.
local name, values = nil, {}

if os.getenv("HEADERS") then
  function init()
    math.randomseed(os.time())
    for line in io.lines(os.getenv("HEADERS")) do
      name, values[#values + 1] = line:match("^(.-): (.*)$")
    end
  end

  function request()
    return wrk.format(nil, nil, {[name] = values[math.random(#values)]})
  end
end

function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "wrong": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    -- A timeout of wrk's is an answer that came late: it is one of the slowest, and not wrong.
    wrong.status + wrong.connect + wrong.read + wrong.write))
end
