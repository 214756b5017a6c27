// What must be true after a fault run: everything promised is there once, money to the cent, budgets and limits within their bounds, memory bounded.
import type { Cluster } from '../cluster.ts';
import type { CountingUpstream } from '../counting-upstream.ts';
import { eventually } from '../process.ts';
import type { Promised } from './load.ts';
import { readBack } from './read-back.ts';

/** 10 tokens in, 5 out, at 1 dollar each. */
export const COST = 15;

export interface Facts {
  cluster: Cluster;
  upstream: CountingUpstream;
  promised: Promised;
  /** Most calls that can have been in flight when gateways were killed, all kills together. */
  openAtKills: number;
  budget: number;
  /** Most that the budgeted key may have spent. */
  budgetBound: number;
  rpm: number;
  /** Most admitted calls of the limited key in a minute of the clock. */
  limitBound(minute: number): number;
  peakBytes: Map<string, number>;
  startedAt: Date;
  /** Progress of the counting. */
  say(text: string): void;
}

export interface Verdict {
  failures: string[];
  figures: Record<string, number | string>;
}

/** The worker stores what had piled up while stores were away. */
const EVENTS_WITHIN_MS = 300_000;
const MEMORY_BOUND = 700 * 1024 * 1024;

interface LedgerCall {
  call_id: string;
  end_user: string | null;
  outcome: string;
  cost: string;
  budgeted: boolean;
}

/** Waits until the platform has caught up, then looks at everything. */
export async function check(facts: Facts): Promise<Verdict> {
  const verdict: Verdict = { failures: [], figures: {} };
  const { promised } = facts;
  for (const failure of promised.undefined) verdict.failures.push(`no defined outcome: ${failure}`);
  const countingFrom = performance.now();
  const said = (what: string): void => facts.say(`${what} after ${((performance.now() - countingFrom) / 1000).toFixed(0)} s of counting`);
  await checkMoney(facts, verdict);
  said('money is counted');
  await checkEvents(facts, verdict);
  said('events are counted');
  checkLimits(facts, verdict);
  for (const [name, bytes] of facts.peakBytes) {
    if (bytes > MEMORY_BOUND) verdict.failures.push(`${name} used ${Math.round(bytes / 2 ** 20)} MiB`);
  }
  verdict.figures.requests = promised.requests;
  verdict.figures['calls ended'] = promised.calls.size;
  verdict.figures['traces acknowledged'] = promised.traces.size;
  verdict.figures['peak memory of a process, MiB'] = Math.round(Math.max(...facts.peakBytes.values()) / 2 ** 20);
  return verdict;
}

async function checkMoney({ cluster, upstream, promised, openAtKills, budgetBound }: Facts, { failures, figures }: Verdict): Promise<void> {
  const ledger = async (): Promise<LedgerCall[]> =>
    (await cluster.sql(`
      SELECT l.call_id, l.end_user, l.outcome, l.cost, COALESCE(k.max_budget IS NOT NULL, false) AS budgeted
      FROM genai.ledger l LEFT JOIN genai.virtual_keys k ON k.id = l.key_id WHERE l.final`)) as unknown as LedgerCall[];
  const uncovered = (calls: readonly LedgerCall[]): number => {
    const settled = new Map<string, number>();
    for (const { end_user: user, outcome } of calls) if (user !== null && outcome !== 'unknown') settled.set(user, (settled.get(user) ?? 0) + 1);
    let missing = 0;
    for (const [user, times] of upstream.served) missing += Math.max(0, times - (settled.get(user) ?? 0));
    return missing;
  };
  const unknown = (calls: readonly LedgerCall[]): number => calls.filter(({ outcome }) => outcome === 'unknown').length;
  const gateways = cluster.of('gateway').length;
  // Dead writers are recovered when their lease has ended and whoever does it has seen PostgreSQL for as long.
  await eventually('the money of dead gateways', async () => (await cluster.sql('SELECT 1 FROM genai.money_writers')).length === gateways, 180_000).catch(
    (error: Error) => failures.push(error.message),
  );
  await eventually(
    'every ended call in the ledger',
    async () => {
      const ids = new Set((await ledger()).map(({ call_id: id }) => id));
      return [...promised.calls].every((id) => ids.has(id));
    },
    60_000,
  ).catch((error: Error) => failures.push(error.message));
  const calls = await ledger();
  const byId = new Map(calls.map((one) => [one.call_id, one]));
  if (byId.size !== calls.length) failures.push('a call stands in the ledger twice');
  for (const id of promised.calls) {
    const one = byId.get(id);
    if (one === undefined) failures.push(`call ${id} ended and is not in the ledger`);
    else if (one.outcome !== 'success' || Number(one.cost) !== COST) failures.push(`call ${id} ended and stands as ${one.outcome} at ${one.cost}`);
  }
  if (uncovered(calls) > unknown(calls)) failures.push(`${uncovered(calls)} served calls are not settled, and only ${unknown(calls)} are unknown`);
  if (unknown(calls) > openAtKills) failures.push(`${unknown(calls)} calls are unknown, and at most ${openAtKills} were in flight at kills`);
  const sum = calls.reduce((total, { cost }) => total + Number(cost), 0);
  const levels = await cluster.sql(
    "SELECT (SELECT spend FROM genai.spend_limits WHERE kind = 'organization') AS organization, (SELECT sum(spend) FROM genai.virtual_keys) AS keys",
  );
  if (Number(levels[0]?.organization) !== sum) failures.push(`the organisation spent ${levels[0]?.organization}, the ledger says ${sum}`);
  if (Number(levels[0]?.keys) !== sum) failures.push(`the keys spent ${levels[0]?.keys}, the ledger says ${sum}`);
  const spent = calls.filter(({ budgeted }) => budgeted).reduce((total, { cost }) => total + Number(cost), 0);
  if (spent > budgetBound) failures.push(`the key with a budget spent ${spent}; its bound is ${budgetBound}`);
  Object.assign(figures, {
    'calls served by the provider': [...upstream.served.values()].reduce((total, times) => total + times, 0),
    'calls in the ledger': calls.length,
    'calls of unknown end': unknown(calls),
    'unknown at most': openAtKills,
    'spent by the key with a budget': `${spent} (bound ${budgetBound})`,
  });
}

/** Every acknowledged trace is readable with exactly what was sent. */
async function checkEvents({ cluster, promised, startedAt, say }: Facts, { failures, figures }: Verdict): Promise<void> {
  const input = { cluster, traces: promised.traces, from: startedAt, deadlineMs: EVENTS_WITHIN_MS, say };
  const { read, problems } = await readBack(input).catch((error: Error) => ({ read: 0, problems: [error.message] }));
  failures.push(...problems.slice(0, 50));
  figures['traces read back, each once'] = read;
}

function checkLimits({ promised, rpm, limitBound }: Facts, { failures, figures }: Verdict): void {
  let [most, bound] = [0, rpm];
  for (const [minute, admitted] of promised.limited) {
    if (admitted > limitBound(minute)) {
      failures.push(`the key with ${rpm} requests a minute was admitted ${admitted} times in one; the bound of that minute is ${limitBound(minute)}`);
    }
    if (admitted > most) [most, bound] = [admitted, limitBound(minute)];
  }
  figures['most calls a minute of the key with a limit'] = `${most} (limit ${rpm}, bound of that minute ${bound})`;
}
