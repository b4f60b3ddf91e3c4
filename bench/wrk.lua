-- What wrk sends and reports. JOB in the environment says which requests; SESSIONS names a file
-- of session ids, of which each request draws one at random; FIRST is the number of the first
-- account that logs in.
local job = os.getenv("JOB")
local paths = {profile = "/profile", verify = "/sessions/verify"}
local ids, account = {}, tonumber(os.getenv("FIRST") or 0)
local form = {["Content-Type"] = "application/x-www-form-urlencoded"}

function init()
  math.randomseed(os.time())
  if paths[job] then
    for line in io.lines(os.getenv("SESSIONS")) do
      ids[#ids + 1] = line
    end
  end
end

function request()
  if paths[job] then
    return wrk.format("GET", paths[job], {Cookie = "session_id=" .. ids[math.random(#ids)]})
  elseif job == "login" then
    account = account + 1
    local body = "email=user" .. account .. "%40example.com&password=" .. os.getenv("PASSWORD")
    return wrk.format("POST", "/sessions", form, body)
  end
  return wrk.format("GET", "/")
end

function done(summary, latency)
  local wrong = summary.errors
  io.write(string.format(
    '{"requests": %d, "seconds": %f, "p50_ms": %f, "p99_ms": %f, "wrong": %d}\n',
    summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3,
    latency:percentile(99) / 1e3,
    wrong.status + wrong.connect + wrong.read + wrong.write + wrong.timeout))
end
