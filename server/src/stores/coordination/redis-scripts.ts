// What Redis does in one step: Lua texts. Amounts are "<units> <picos>" pairs, because Lua counts in doubles and a picodollar of millions does not fit into one.

const AMOUNTS = `
local BASE = 1000000000000
local function parse(text)
  local units, picos = string.match(text, '^(%-?%d+) (%d+)$')
  return {tonumber(units), tonumber(picos)}
end
local function pair(units, picos)
  local carry = math.floor(picos / BASE)
  return {units + carry, picos - carry * BASE}
end
local function add(a, b) return pair(a[1] + b[1], a[2] + b[2]) end
local function sub(a, b) return pair(a[1] - b[1], a[2] - b[2]) end
local function less(a, b) return a[1] < b[1] or (a[1] == b[1] and a[2] < b[2]) end
local function text(a) return string.format('%.0f %.0f', a[1], a[2]) end
local ZERO = {0, 0}
local function positive(a) if a[1] < 0 then return ZERO end return a end
`;

/**
 * An account is a hash: s = spent; of each process r: = what it holds, e: = until when that is believed, x: = what became spent because the process was silent.
 * `open` reads it and makes the holds of silent processes spent.
 */
const ACCOUNT = `${AMOUNTS}
local key, now, me = KEYS[1], tonumber(ARGV[1]), ARGV[2]
local lease, idle = tonumber(ARGV[3]), tonumber(ARGV[4])
local fields, spent, held = {}, nil, ZERO
local raw = redis.call('HGETALL', key)
for i = 1, #raw, 2 do fields[raw[i]] = raw[i + 1] end
if not fields.s then return {-1} end
spent = parse(fields.s)
for i = 1, #raw, 2 do
  if string.sub(raw[i], 1, 2) == 'r:' then
    local who, amount = string.sub(raw[i], 3), parse(raw[i + 1])
    if tonumber(fields['e:' .. who] or '0') <= now then
      spent = add(spent, amount)
      local silent = text(add(parse(fields['x:' .. who] or '0 0'), amount))
      redis.call('HSET', key, 's', text(spent), 'x:' .. who, silent)
      redis.call('HDEL', key, 'r:' .. who, 'e:' .. who)
      fields['x:' .. who], fields['r:' .. who] = silent, nil
    else
      held = add(held, amount)
    end
  end
end
local function save(mine)
  redis.call('HSET', key, 's', text(spent))
  if mine[1] == 0 and mine[2] == 0 then redis.call('HDEL', key, 'r:' .. me, 'e:' .. me)
  else redis.call('HSET', key, 'r:' .. me, text(mine), 'e:' .. me, string.format('%.0f', now + lease)) end
  redis.call('PEXPIRE', key, idle)
end
`;

export interface Script {
  readonly lua: string;
  sha: string | null;
}

const script = (lua: string): Script => ({ lua, sha: null });

/** ARGV: now, process, lease, idle, amount, maximum, strict (1/0). Answers {-1 unknown | 0 refused | 1 held, spent, held}. */
export const HOLD = script(`${ACCOUNT}
local amount, max = parse(ARGV[5]), parse(ARGV[6])
local taken = add(spent, held)
if not less(taken, max) or (ARGV[7] == '1' and less(max, add(taken, amount))) then return {0, text(spent), text(held)} end
save(add(parse(fields['r:' .. me] or '0 0'), amount))
return {1, text(spent), text(add(held, amount))}
`);

/** ARGV: now, process, lease, idle, released, actual. What a silence made spent is taken back first. Answers {-1 | 1, spent, held}. */
export const SETTLE = script(`${ACCOUNT}
local released, actual = parse(ARGV[5]), parse(ARGV[6])
local mine, silent = parse(fields['r:' .. me] or '0 0'), parse(fields['x:' .. me] or '0 0')
if not less(mine, released) then
  mine, held = sub(mine, released), sub(held, released)
elseif not less(silent, released) then
  silent, spent = sub(silent, released), sub(spent, released)
  redis.call('HSET', key, 'x:' .. me, text(silent))
end
spent = positive(add(spent, actual))
save(mine)
return {1, text(spent), text(held)}
`);

/** ARGV: now, process, lease, idle, what the process holds in all, what it spent unheard, number of that news (applied once). Answers {-1 | 1, spent, held}. */
export const SYNC = script(`${ACCOUNT}
local mine, unheard = parse(ARGV[5]), parse(ARGV[6])
held = add(sub(held, parse(fields['r:' .. me] or '0 0')), mine)
spent = positive(sub(spent, parse(fields['x:' .. me] or '0 0')))
if tonumber(ARGV[7]) > tonumber(fields['n:' .. me] or '0') then
  spent = add(spent, unheard)
  redis.call('HSET', key, 'n:' .. me, ARGV[7])
end
redis.call('HDEL', key, 'x:' .. me)
save(mine)
return {1, text(spent), text(held)}
`);

/** ARGV: stored spend, idle. Makes an unknown account known; whoever comes second changes nothing. */
export const ADOPT = script(`
redis.call('HSETNX', KEYS[1], 's', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return redis.call('HGET', KEYS[1], 's')
`);

/** KEYS: counters of windows. ARGV: for each its maximum (negative = none), cost and life in milliseconds. Answers {index that refused or -1, used...}. */
export const TAKE = script(`
local used, refused = {}, -1
for i = 1, #KEYS do
  used[i] = tonumber(redis.call('GET', KEYS[i]) or '0')
  local max = tonumber(ARGV[3 * i - 2])
  if refused == -1 and max >= 0 and used[i] + tonumber(ARGV[3 * i - 1]) > max then refused = i - 1 end
end
if refused == -1 then
  for i = 1, #KEYS do
    used[i] = redis.call('INCRBY', KEYS[i], ARGV[3 * i - 1])
    redis.call('PEXPIRE', KEYS[i], ARGV[3 * i])
  end
end
table.insert(used, 1, refused)
return used
`);

/** KEYS: a set of holders by the end of their lease. ARGV: maximum (negative = none), holder, lease, now. Answers 1 = entered. */
export const ENTER = script(`
local now, lease, max = tonumber(ARGV[4]), tonumber(ARGV[3]), tonumber(ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
if max >= 0 and not redis.call('ZSCORE', KEYS[1], ARGV[2]) and redis.call('ZCARD', KEYS[1]) >= max then return 0 end
redis.call('ZADD', KEYS[1], string.format('%.0f', now + lease), ARGV[2])
if redis.call('PTTL', KEYS[1]) < lease then redis.call('PEXPIRE', KEYS[1], lease) end
return 1
`);

/** KEYS: the set of live processes. ARGV: process, how long a silent one counts as live. Answers {Redis's time in ms, live processes...}. */
export const BEAT = script(`
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - tonumber(ARGV[2]))
local answer = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(answer, 1, string.format('%.0f', now))
return answer
`);
