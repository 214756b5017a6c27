// What must be true after a fault run: everything promised is there once, money to the cent, budgets and limits within their bounds, memory bounded.
import { call } from '../client.ts';
import type { Cluster } from '../cluster.ts';
import type { CountingUpstream } from '../counting-upstream.ts';
import { eventually } from '../process.ts';
import type { Promised } from './load.ts';

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
  limitBound: number;
  peakBytes: Map<string, number>;
}

export interface Verdict {
  failures: string[];
  figures: Record<string, number | string>;
}

const READ_AT_ONCE = 8;
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
  await checkMoney(facts, verdict);
  await checkEvents(facts, verdict);
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

/** Every acknowledged trace is readable with exactly what was sent, and so is the trace of every call whose gateway kept its disk. */
async function checkEvents({ cluster, promised }: Facts, { failures, figures }: Verdict): Promise<void> {
  const pending = [...promised.traces];
  let read = 0;
  const look = async (id: string): Promise<string | null> => {
    const answer = await call(`${cluster.observeUrl}/api/public/traces/${id}`, { basic: cluster.basic }).catch(() => null);
    if (answer?.status !== 200) return `trace ${id} was acknowledged and answers ${answer?.status}`;
    const { observations } = answer.body as unknown as { observations: { id: string }[] };
    return observations.length === 1 && observations[0]?.id === `${id}-g` ? null : `trace ${id} has ${observations.length} observations`;
  };
  const work = async (): Promise<void> => {
    for (let id = pending.pop(); id !== undefined; id = pending.pop()) {
      const deadline = Date.now() + 120_000;
      let problem = await look(id);
      while (problem !== null && Date.now() < deadline) {
        await new Promise((resolve) => setTimeout(resolve, 500));
        problem = await look(id);
      }
      if (problem === null) read++;
      else failures.push(problem);
      if (failures.length > 50) return;
    }
  };
  await Promise.all(Array.from({ length: READ_AT_ONCE }, work));
  figures['traces read back, each once'] = read;
}

function checkLimits({ promised, rpm, limitBound }: Facts, { failures, figures }: Verdict): void {
  const minutes = new Map<number, number>();
  for (const [second, admitted] of promised.limited) {
    const minute = Math.floor(second / 60);
    minutes.set(minute, (minutes.get(minute) ?? 0) + admitted);
  }
  const most = Math.max(0, ...minutes.values());
  if (most > limitBound) failures.push(`the key with ${rpm} requests a minute was admitted ${most} times in one; its bound is ${limitBound}`);
  figures['most calls a minute of the key with a limit'] = `${most} (limit ${rpm}, bound ${limitBound})`;
}
