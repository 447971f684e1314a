-- The load of the pair benchmark, for wrk with one thread: send a code to the next number, and
-- check the oldest message once `depth` younger ones were accepted.
--
-- arguments: file of numbers, Authorization header, code, seconds of sending, depth
--
-- wrk does not say which connection an answer came from, so all messages have the same code (its
-- digest and sealed value differ anyway). When the time is up only checks are made, until every
-- accepted message is checked; then the thread stops, so that no answer is lost.

local ffi = require("ffi")
ffi.cdef [[
  typedef struct { long seconds; long nanoseconds; } bench_time;
  int clock_gettime(int clock, bench_time *time);
]]
local CLOCK_MONOTONIC = 1
local reading = ffi.new("bench_time")
local find, match, sub = string.find, string.match, string.sub

local function clock()
  ffi.C.clock_gettime(CLOCK_MONOTONIC, reading)
  return tonumber(reading.seconds) + tonumber(reading.nanoseconds) / 1e9
end

local threads = {}

function setup(thread)
  threads[#threads + 1] = thread
end

function init(args)
  numbers = {}
  for line in io.lines(args[1]) do numbers[#numbers + 1] = line end
  local host = "Host: " .. wrk.host .. ":" .. wrk.port .. "\r\n"
  local fields = " HTTP/1.1\r\n" .. host .. "Authorization: " .. args[2]
      .. "\r\nContent-Type: application/json\r\nContent-Length: "
  send_head, check_head = "POST /v1/codes" .. fields, "POST /v1/verifications" .. fields
  send_rest = '","template":{"id":"otp-sms","language":"en"},"code":"' .. args[3] .. '"}'
  check_rest = '","verify_code":"' .. args[3] .. '"}'
  filler = "GET /health HTTP/1.1\r\n" .. host .. "\r\n"
  sending_time, depth = tonumber(args[4]), tonumber(args[5])
  ids, numbers_known = {}, #numbers
  oldest, newest = 1, 0
  began, ended = nil, 0
  sends, accepted, checks, approved, refused, fillers = 0, 0, 0, 0, 0, 0
  open, sending, first_refusal = 0, true, ""
end

local function post(head, body)
  return head .. #body .. "\r\n\r\n" .. body
end

local function check()
  local body = '{"message_id":"' .. ids[oldest] .. check_rest
  ids[oldest] = nil
  oldest, checks = oldest + 1, checks + 1
  return post(check_head, body)
end

function request()
  if began == nil then
    began = 0
    return filler               -- wrk's own trial, never sent
  elseif began == 0 then
    began = clock()
    last_send = began + sending_time
  end
  open = open + 1
  local waiting = newest - oldest + 1
  if sending and waiting <= depth then
    if clock() < last_send and sends < #numbers then
      sends = sends + 1
      return post(send_head, '{"to":"' .. numbers[sends] .. send_rest)
    end
    sending = false
  end
  if waiting > 0 then return check() end
  fillers = fillers + 1
  return filler
end

function response(status, headers, body)
  open = open - 1
  if find(body, '"verified":true', 1, true) then
    approved, ended = approved + 1, clock()
  elseif status == 200 and find(body, '"send_channel"', 1, true) then
    newest, accepted = newest + 1, accepted + 1
    ids[newest] = match(body, '"message_id":"([%w_]+)"')
  elseif #body > 0 and fillers == 0 then
    refused = refused + 1
    if first_refusal == "" then first_refusal = status .. " " .. sub(body, 1, 600) end
  end
  if not sending and accepted + refused >= sends and approved + refused >= checks
      and newest < oldest then
    wrk.thread:stop()
  end
end

function done(summary, latency, requests)
  local thread = threads[1]
  local function get(name) return thread:get(name) end
  io.write(string.format(
    'BENCH {"sends":%d,"accepted":%d,"checks":%d,"approved":%d,"refused":%d,"fillers":%d,'
    .. '"seconds":%.6f,"p50_ms":%.3f,"p99_ms":%.3f,"max_ms":%.3f,"socket_errors":%d,'
    .. '"out_of_numbers":%s}\n',
    get("sends"), get("accepted"), get("checks"), get("approved"), get("refused"),
    get("fillers"), get("ended") - get("began"), latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, latency.max / 1000,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout,
    get("sends") >= get("numbers_known") and "true" or "false"))
  io.write("REFUSED " .. string.gsub(get("first_refusal"), "%s+", " ") .. "\n")
end
