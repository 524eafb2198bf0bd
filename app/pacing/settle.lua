-- Ends places held by reserve.lua: what was dispatched moves into its slot, the rest is given back.
-- KEYS: one hash per scope. ARGV: holder, then per scope: window, limit, moment of the dispatch, places dispatched, places to
-- end in all, and the moment until which the gate says the scope is full under that limit (0: it does not say so).
local PER = 128
local holder = ARGV[1]
for i = 1, #KEYS do
  local at = 2 + (i - 1) * 6
  local window, limit, moment, used, ended, closed = tonumber(ARGV[at]), ARGV[at + 1], tonumber(ARGV[at + 2]),
    tonumber(ARGV[at + 3]), tonumber(ARGV[at + 4]), tonumber(ARGV[at + 5])
  if used > 0 then redis.call('HINCRBY', KEYS[i], 's' .. math.floor(moment / (window / PER)), used) end
  local held = redis.call('HGET', KEYS[i], 'h' .. holder)
  if held and ended > 0 then
    local places, till = string.match(held, '^(%-?%d+) (.+)$')
    if tonumber(places) <= ended then
      redis.call('HDEL', KEYS[i], 'h' .. holder)
    else
      redis.call('HSET', KEYS[i], 'h' .. holder, (tonumber(places) - ended) .. ' ' .. till)
    end
  end
  if closed > 0 then redis.call('HSET', KEYS[i], 'closed', string.format('%.6f', closed) .. ' ' .. limit) end
  redis.call('PEXPIRE', KEYS[i], math.ceil(window * 1100))
end
return 0
