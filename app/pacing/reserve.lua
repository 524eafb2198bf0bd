-- Proposes which messages of a batch may go now, and holds places for them in every scope or in none.
--
-- KEYS: one hash per scope, in the order workspace, campaigns, mailbox. Fields: s<slot> = dispatches in that slot, h<holder> =
-- "<places> <until>", closed = "<until> <limit>" (the gate said so, under that limit). ARGV: now, holder, hold seconds, then per scope: limit, window, campaign
-- index (0: every message counts here), then per message: recipients, campaign index (0: none).
-- Returns {per message: 0 granted, or the index of the scope that refuses; per scope: next free moment as a string}.
-- Time comes from the caller, who has it from Postgres: this server's clock decides nothing.
local KEPT, PER = 130, 128
local now, holder, hold = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local scopes, at = {}, 4

for i = 1, #KEYS do
  local scope = { key = KEYS[i], limit = tonumber(ARGV[at]), window = tonumber(ARGV[at + 1]), campaign = tonumber(ARGV[at + 2]),
    used = 0, slots = {}, mine = 0, taken = 0, closed = 0, lapse = math.huge }
  at = at + 3
  scope.here = math.floor(now / (scope.window / PER))
  local fields = redis.call('HGETALL', KEYS[i])
  local gone = {}
  for f = 1, #fields, 2 do
    local name, value = fields[f], fields[f + 1]
    local kind, rest = string.sub(name, 1, 1), string.sub(name, 2)
    if kind == 's' then
      local slot = tonumber(rest)
      if slot + KEPT > scope.here then
        scope.used = scope.used + tonumber(value)
        table.insert(scope.slots, { slot, tonumber(value) })
      else
        table.insert(gone, name)
      end
    elseif kind == 'h' then
      local places, till = string.match(value, '^(%-?%d+) (.+)$')
      if tonumber(till) <= now or tonumber(places) <= 0 then
        table.insert(gone, name)
      else
        scope.used = scope.used + tonumber(places)
        scope.lapse = math.min(scope.lapse, tonumber(till))
        if rest == holder then scope.mine = tonumber(places) end
      end
    elseif name == 'closed' then
      local till, limit = string.match(value, '^(.+) (%d+)$')
      if till and tonumber(till) > now and tonumber(limit) >= scope.limit then
        scope.closed = tonumber(till)
      else
        table.insert(gone, name) -- over, or a higher limit is in force now
      end
    end
  end
  if #gone > 0 then redis.call('HDEL', KEYS[i], unpack(gone)) end
  table.sort(scope.slots, function(a, b) return a[1] < b[1] end)
  scopes[i] = scope
end

-- When `n` more fit into the scope, as far as anyone here knows. Places that are only held may come back: look again when they lapse.
local function next_free(scope, n)
  local free, need = math.max(now, scope.closed), scope.used + n - scope.limit
  if need <= 0 then return free end
  local lapse = scope.lapse
  if scope.taken > 0 then lapse = math.min(lapse, now + hold) end
  for _, s in ipairs(scope.slots) do
    need = need - s[2]
    if need <= 0 then return math.max(free, math.min(lapse, (s[1] + KEPT) * scope.window / PER)) end
  end
  return math.max(free, math.min(lapse, now + scope.window))
end

local verdicts, next_at, shut = {}, {}, 0
for i = 1, #KEYS do next_at[i] = '0' end
while at <= #ARGV do
  local n, campaign, refused = tonumber(ARGV[at]), tonumber(ARGV[at + 1]), shut
  at = at + 2
  for i, scope in ipairs(scopes) do
    if refused == 0 and (scope.campaign == 0 or scope.campaign == campaign)
      and (scope.shut or scope.closed > now or scope.used + n > scope.limit) then
      refused = i
      if not scope.shut then next_at[i] = string.format('%.6f', next_free(scope, n)) end
      scope.shut = true
      if scope.campaign == 0 then shut = i end
    end
  end
  if refused == 0 then
    for _, scope in ipairs(scopes) do
      if scope.campaign == 0 or scope.campaign == campaign then
        scope.used = scope.used + n
        scope.taken = scope.taken + n
      end
    end
  end
  table.insert(verdicts, refused)
end

for _, scope in ipairs(scopes) do
  if scope.taken > 0 then
    redis.call('HSET', scope.key, 'h' .. holder, (scope.mine + scope.taken) .. ' ' .. string.format('%.6f', now + hold))
    redis.call('PEXPIRE', scope.key, math.ceil(scope.window * 1100))
  end
end
return { verdicts, next_at }
