-- Asks about sessions: PATH of the server, each time with one of the ids in the file SESSIONS,
-- drawn at random. What it prints at its end is JSON.
local ids = {}

function init()
  math.randomseed(os.time())
  for line in io.lines(os.getenv("SESSIONS")) do
    ids[#ids + 1] = line
  end
end

function request()
  local path = os.getenv("ASK")
  return wrk.format("GET", path, {Cookie = "session_id=" .. ids[math.random(#ids)]})
end

function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p99_ms": %f, "wrong": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(99) / 1e3,
    wrong.status + wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
