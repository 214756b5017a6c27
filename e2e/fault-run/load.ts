// Mixed load on a cluster while faults happen: calls whole and streamed, calls of a key with a budget and of one with a rate limit, events, reads. Remembers what was promised.
import { call } from '../client.ts';
import type { Cluster } from '../cluster.ts';

/** What clients were promised, and how each of their requests ended. */
export interface Promised {
  /** Call ids whose end a client saw. */
  calls: Set<string>;
  /** Traces that were acknowledged. */
  traces: Set<string>;
  /** How requests ended: `call 200`, `event 503`, `call connection`. */
  outcomes: Map<string, number>;
  /** Requests that had no outcome within their time, or one that no client is to see. */
  undefined: string[];
  /** Calls of the limited key that were admitted and ended within one minute of the clock, by that minute. */
  limited: Map<number, number>;
  requests: number;
}

export interface LoadKeys {
  free: string;
  budgeted: string;
  limited: string;
}

export const CALLERS = 8;
export const BUDGETED_CALLERS = 2;
export const LIMITED_CALLERS = 2;
/** Everything a client waits for ends before this. */
const PATIENCE_MS = 120_000;
/** Answers that tell a client what to do; anything else is a fault. */
const EXPECTED = new Set([200, 207, 429, 502, 503, 504]);

type Answer = Awaited<ReturnType<typeof call>>;

/** Starts the load; `stop` waits for every request under way. */
export function startLoad(cluster: Cluster, keys: LoadKeys): { promised: Promised; stop(): Promise<void> } {
  const promised: Promised = { calls: new Set(), traces: new Set(), outcomes: new Map(), undefined: [], limited: new Map(), requests: 0 };
  let working = true;
  const name = Math.random().toString(36).slice(2, 8);

  /** The answer, or null when the connection broke. */
  const ask = async (what: string, request: () => Promise<Answer>): Promise<Answer | null> => {
    promised.requests++;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => {
      timer = setTimeout(() => resolve('late'), PATIENCE_MS);
    });
    const answer = await Promise.race([request().catch((error: unknown) => error as Error), late]);
    clearTimeout(timer);
    const outcome = answer === 'late' ? 'late' : answer instanceof Error ? 'connection' : String(answer.status);
    promised.outcomes.set(`${what} ${outcome}`, (promised.outcomes.get(`${what} ${outcome}`) ?? 0) + 1);
    if (answer === 'late') promised.undefined.push(`${what} had no answer within ${PATIENCE_MS} ms`);
    // LiteLLM's answer to a key that has spent its budget is 400.
    else if (!(answer instanceof Error) && !EXPECTED.has(answer.status) && !(what === 'budgeted' && answer.status === 400))
      promised.undefined.push(`${what} ${answer.status} ${answer.text.slice(0, 300)}`);
    return answer === 'late' || answer instanceof Error ? null : answer;
  };
  /** A client that was refused comes again later, as SDKs do. */
  const rest = (answer: Answer | null): Promise<void> =>
    new Promise((resolve) => setTimeout(resolve, answer === null || answer.status >= 400 ? 200 + Math.random() * 300 : 10 + Math.random() * 40));

  const caller = async (what: string, key: string, index: number): Promise<void> => {
    for (let round = 0; working; round++) {
      const stream = round % 3 === 0;
      const body = { model: 'counted', user: `${name}-${what}-${index}-${round}`, stream, max_tokens: 20, messages: [{ role: 'user', content: 'x' }] };
      const minuteSent = Math.floor(Date.now() / 60_000);
      const answer = await ask(what, () => call(`${cluster.gatewayUrl}/v1/chat/completions`, { key, body }));
      if (answer?.status === 200 && (!stream || answer.text.includes('[DONE]'))) {
        promised.calls.add((answer.headers.get('x-litellm-call-id') as string).replaceAll('-', ''));
        // What began in one minute and ended in the next may belong to either, so it says nothing of a window.
        const isOfOneMinute = Math.floor(Date.now() / 60_000) === minuteSent;
        if (what === 'limited' && isOfOneMinute) promised.limited.set(minuteSent, (promised.limited.get(minuteSent) ?? 0) + 1);
      }
      await rest(answer);
    }
  };
  const sender = async (index: number): Promise<void> => {
    for (let round = 0; working; round++) {
      const id = `${name}-${index}-${round}`;
      const timestamp = new Date().toISOString();
      const batch = [
        { id: `${id}-1`, type: 'trace-create', timestamp, body: { id, name: 'fault run', input: 'x'.repeat(200) } },
        {
          id: `${id}-2`,
          type: 'generation-create',
          timestamp,
          body: { id: `${id}-g`, traceId: id, name: 'generation', startTime: timestamp, model: 'counted' },
        },
      ];
      const send = () => ask('event', () => call(`${cluster.observeUrl}/api/public/ingestion`, { basic: cluster.basic, body: { batch } }));
      const answer = await send();
      if (answer?.status === 207) promised.traces.add(id);
      await rest(answer);
    }
  };
  const reader = async (): Promise<void> => {
    while (working) await rest(await ask('read', () => call(`${cluster.observeUrl}/api/public/traces?limit=10`, { basic: cluster.basic })));
  };
  const work = [
    ...Array.from({ length: CALLERS }, (_, index) => caller('call', keys.free, index)),
    ...Array.from({ length: BUDGETED_CALLERS }, (_, index) => caller('budgeted', keys.budgeted, index)),
    ...Array.from({ length: LIMITED_CALLERS }, (_, index) => caller('limited', keys.limited, index)),
    ...Array.from({ length: 4 }, (_, index) => sender(index)),
    reader(),
  ];
  return {
    promised,
    async stop() {
      working = false;
      await Promise.all(work);
    },
  };
}
