-- Counts one request of a caller in a sliding window, or says when the next may come.
--
-- KEYS[1]: a hash, slot number -> requests in that slot; at most SLOTS + 1 fields. ARGV: limit, window in milliseconds.
-- SLOTS + 1 slots count, so no rolling window holds more than the limit. Time is this server's: all web processes share it.
-- Returns {1 or 0, how many are left, ms until all of them are back, ms until the next may come}.
local SLOTS = 20
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)
local width = window / SLOTS
local here = math.floor(now / width)
local used, oldest, newest, gone = 0, here, 0, {}
local fields = redis.call('HGETALL', KEYS[1])
for i = 1, #fields, 2 do
  local slot = tonumber(fields[i])
  if slot + SLOTS < here or slot > here then
    table.insert(gone, fields[i]) -- over, or left in the future by a clock that was set back
  else
    used = used + tonumber(fields[i + 1])
    oldest, newest = math.min(oldest, slot), math.max(newest, slot)
  end
end
if #gone > 0 then redis.call('HDEL', KEYS[1], unpack(gone)) end
local function free_again(slot) return math.ceil((slot + SLOTS + 1) * width - now) end
if used >= limit then return { 0, 0, free_again(newest), free_again(oldest) } end
redis.call('HINCRBY', KEYS[1], here, 1)
redis.call('PEXPIRE', KEYS[1], math.ceil(window * 1.1))
return { 1, limit - used - 1, free_again(here), 0 }
