// What governs a key's calls: the budgets and limits of the key itself, its team, its owner, its membership and its organisation, made flat for the hot path.
import { durationMs } from '#lib/duration.ts';
import { parsePicos } from '#lib/money.ts';

/** The levels at which money is counted and limits are set (LiteLLM's entities). */
export type Level = 'key' | 'team' | 'user' | 'member' | 'organization' | 'end_user' | 'tag';

/** Budgets stand at these levels and above deployments too. */
export type ClaimLevel = Level | 'provider' | 'deployment';

/** One budget that a call must find room in; amounts are picos. */
export interface BudgetClaim {
  readonly level: ClaimLevel;
  readonly id: string;
  /** Name of the account in memory. */
  readonly account: string;
  /** Null = what is spent is counted, nothing is refused. */
  readonly maxPicos: bigint | null;
  /** Set for a window that the ledger can sum by itself; null for spend that is stored and reset in the records. */
  readonly duration: string | null;
  /** Only calls that ask for this model; null = every call. */
  readonly model: string | null;
  /** More for a while (temp_budget_increase until temp_budget_expiry). */
  readonly raise?: { readonly picos: bigint; readonly untilMs: number };
  /** What was left of the window before this one, until this one ends (max_budget_rollover). */
  readonly carried?: { readonly picos: bigint; readonly untilMs: number };
}

/** Rates of one level; null = no limit. */
export interface Limiter {
  readonly level: Level;
  readonly id: string;
  /** Name of its counters. */
  readonly account: string;
  readonly rpm: number | null;
  readonly tpm: number | null;
  readonly parallel: number | null;
  readonly model: string | null;
}

/** Model names that a level allows; only levels that allow less than everything are listed. */
export interface ModelList {
  readonly level: Level;
  readonly models: readonly string[];
}

/** The rules of one or more levels, flat. */
export interface Governing {
  readonly claims: readonly BudgetClaim[];
  readonly limiters: readonly Limiter[];
}

/** What a level may set; absent and null mean no limit. Money is decimal text. */
export interface LevelLimits {
  readonly maxBudget?: string | null;
  readonly rpmLimit?: number | null;
  readonly tpmLimit?: number | null;
  readonly maxParallelRequests?: number | null;
  /** temp_budget_increase with temp_budget_expiry. */
  readonly raise?: BudgetClaim['raise'];
  readonly carried?: BudgetClaim['carried'];
  /** budget_limits, model_max_budget, model_rpm_limit, model_tpm_limit in LiteLLM's form. */
  readonly modelLimits?: Readonly<Record<string, unknown>> | null;
}

/** Between the parts of a member's id: no id may hold it. */
export const UNIT_SEPARATOR = '\u001f';
/** Between an account and the parts of its window: no id may hold it. */
const RECORD_SEPARATOR = '\u001e';

/** The account of a level: `key:<id>`, `team:<id>` … */
export function accountOf(level: ClaimLevel, id: string): string {
  return `${level}:${id}`;
}

/** What a budget with a window of its own is called: the level's account with length and model. */
export function claimAccount(account: string, duration: string, model: string | null): string {
  return [account, duration, model ?? ''].join(RECORD_SEPARATOR);
}

/** The account of one window of such a budget; with '' the beginning that its windows share. */
export function windowAccount(account: string, startMs: number | ''): string {
  return `${account}${RECORD_SEPARATOR}${startMs}`;
}

/** An account's parts: its level's name (`key:<id>`, `global`) and, for one window of a budget, model and beginning. */
export function partsOfAccount(account: string): { name: string; model: string | null; startMs: number | null } {
  const [name = '', , model, startMs] = account.split(RECORD_SEPARATOR);
  return { name, model: model === undefined || model === '' ? null : model, startMs: startMs === undefined ? null : Number(startMs) };
}

/** Id of a user in a team. */
export function memberId(teamId: string, userId: string): string {
  return `${teamId}${UNIT_SEPARATOR}${userId}`;
}

/**
 * The claims and limiters of one level. The first claim is the level's own account, also when it has no budget: what it spends is always known.
 * @param account another name than the id's: a key that was regenerated keeps its first one.
 */
export function governingOf(level: Level, id: string, limits: LevelLimits, account: string = accountOf(level, id)): Governing {
  const extra = limits.modelLimits ?? {};
  const maxPicos = limits.maxBudget === null || limits.maxBudget === undefined ? null : parsePicos(limits.maxBudget);
  const more = { ...(limits.raise ? { raise: limits.raise } : {}), ...(limits.carried ? { carried: limits.carried } : {}) };
  const claims: BudgetClaim[] = [{ level, id, account, maxPicos, duration: null, model: null, ...more }];
  for (const window of windowsOf(extra)) {
    claims.push({ level, id, account: claimAccount(account, window.duration, window.model), ...window });
  }
  const limiters: Limiter[] = [];
  const { rpmLimit = null, tpmLimit = null, maxParallelRequests = null } = limits;
  if (rpmLimit !== null || tpmLimit !== null || maxParallelRequests !== null) {
    limiters.push({ level, id, account, rpm: rpmLimit, tpm: tpmLimit, parallel: maxParallelRequests, model: null });
  }
  const rpmByModel = numbersOf(extra.model_rpm_limit);
  const tpmByModel = numbersOf(extra.model_tpm_limit);
  for (const model of new Set([...rpmByModel.keys(), ...tpmByModel.keys()])) {
    const rpm = rpmByModel.get(model) ?? null;
    const tpm = tpmByModel.get(model) ?? null;
    limiters.push({ level, id, account: `${account}${RECORD_SEPARATOR}${model}`, rpm, tpm, parallel: null, model });
  }
  return { claims, limiters };
}

type Window = Pick<BudgetClaim, 'maxPicos' | 'model'> & { duration: string };

/** budget_limits and model_max_budget as windows; what is not readable was refused when it was written and is left out here. */
function windowsOf(extra: Readonly<Record<string, unknown>>): Window[] {
  const windows: Window[] = [];
  for (const entry of Array.isArray(extra.budget_limits) ? extra.budget_limits : []) add(windows, null, entry);
  for (const [model, entry] of Object.entries(objectOf(extra.model_max_budget))) {
    // The short form {"gpt-4o": 10} of LiteLLM's first version is a budget of a month.
    add(windows, model, typeof entry === 'number' ? { max_budget: entry, budget_duration: '30d' } : entry);
  }
  return windows;
}

function add(windows: Window[], model: string | null, entry: unknown): void {
  const fields = objectOf(entry);
  const max = fields.max_budget ?? fields.budget_limit;
  const duration = fields.budget_duration ?? fields.time_period;
  if ((typeof max !== 'number' && typeof max !== 'string') || typeof duration !== 'string' || durationMs(duration) === null) return;
  windows.push({ maxPicos: parsePicos(max), duration, model });
}

function numbersOf(value: unknown): Map<string, number> {
  return new Map(Object.entries(objectOf(value)).filter((entry): entry is [string, number] => Number.isSafeInteger(entry[1])));
}

/** `{temp_budget_increase, temp_budget_expiry}` as a key keeps them; undefined when there is none that can be read. */
export function raiseOf(fields: Readonly<Record<string, unknown>>): BudgetClaim['raise'] {
  const { temp_budget_increase: increase, temp_budget_expiry: expiry } = fields;
  const untilMs = typeof expiry === 'string' ? Date.parse(expiry) : Number.NaN;
  if ((typeof increase !== 'number' && typeof increase !== 'string') || Number.isNaN(untilMs)) return undefined;
  return { picos: parsePicos(increase), untilMs };
}

/** Decimal text as the records keep it. */
const DECIMAL = /^\d{1,26}(\.\d{1,12})?$/;

/** What a level carries into its window: `rolled_over`, never more than `max_budget_rollover`; undefined without a window's end. */
export function carriedOf(fields: Readonly<Record<string, unknown>>, resetsAtMs: number | null): BudgetClaim['carried'] {
  const { max_budget_rollover: most, rolled_over: left } = fields;
  if (resetsAtMs === null || Number.isNaN(resetsAtMs) || typeof most !== 'string' || typeof left !== 'string' || !DECIMAL.test(most) || !DECIMAL.test(left))
    return undefined;
  const [mostPicos, leftPicos] = [parsePicos(most), parsePicos(left)];
  const picos = leftPicos < mostPicos ? leftPicos : mostPicos;
  return picos > 0n ? { picos, untilMs: resetsAtMs } : undefined;
}

function objectOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}
