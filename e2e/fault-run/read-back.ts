// Reads back what was acknowledged in a fault run: by pages, a thousand observations a request, until everything is there or its time is over.
import { call } from '../client.ts';
import type { Cluster } from '../cluster.ts';

export interface ReadBackInput {
  cluster: Pick<Cluster, 'observeUrl' | 'basic'>;
  /** Traces that were acknowledged, each with one observation `<trace>-g`. */
  traces: ReadonlySet<string>;
  from: Date;
  deadlineMs: number;
  say(text: string): void;
}

export interface ReadBack {
  /** Acknowledged traces that are readable with exactly what was sent. */
  read: number;
  /** What is missing or stands twice, in words. */
  problems: string[];
}

const TRIES = 40;
const TRACES_A_PAGE = 100;
const PAGES_AT_ONCE = 4;
/** So many are also opened one by one, as a person does. */
const OPENED = 100;

/** Everything that was acknowledged, compared with everything that lists show. @throws when a list does not answer in the end. */
export async function readBack(input: ReadBackInput): Promise<ReadBack> {
  const { traces, say } = input;
  const deadline = Date.now() + input.deadlineMs;
  await untilStored(input, deadline);
  let problems: string[] = [];
  for (let pass = 1; ; pass++) {
    const [observations, listed] = [await listObservations(input), await listTraces(input)];
    problems = [...traces].flatMap((id) => compare(id, observations.get(id), listed.get(id)));
    say(`pass ${pass}: ${traces.size - new Set(problems.map((problem) => problem.split(' ')[1])).size} of ${traces.size} acknowledged traces are there`);
    if (problems.length === 0 || Date.now() > deadline) break;
    await new Promise((resolve) => setTimeout(resolve, 2_000));
  }
  const broken = new Set(problems.map((problem) => problem.split(' ')[1] as string));
  const whole = [...traces].filter((id) => !broken.has(id));
  const step = Math.max(1, Math.floor(whole.length / OPENED));
  for (let index = 0; index < whole.length; index += step) {
    const id = whole[index] as string;
    const { observations } = (await get(input, `/api/public/traces/${id}`)) as { observations: { id: string }[] };
    if (observations.length === 1 && observations[0]?.id === `${id}-g`) continue;
    problems.push(`trace ${id} opens with ${observations.length} observations`);
    broken.add(id);
  }
  return { read: traces.size - broken.size, problems };
}

/** Asks for a number alone until it is as large as it has to be: whole passes would keep the store from storing. */
async function untilStored(input: ReadBackInput, deadline: number): Promise<void> {
  const query = new URLSearchParams({ name: 'generation', limit: '1', fromStartTime: input.from.toISOString() });
  for (let last = -1; Date.now() < deadline; ) {
    const { meta } = (await get(input, `/api/public/observations?${query}`)) as { meta: { totalItems: number } };
    if (meta.totalItems >= input.traces.size) return;
    if (meta.totalItems !== last) input.say(`${meta.totalItems} of ${input.traces.size} acknowledged events are stored`);
    last = meta.totalItems;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
  }
}

function compare(id: string, observations: readonly string[] = [], times = 0): string[] {
  const found: string[] = [];
  if (times !== 1) found.push(`trace ${id} was acknowledged and stands ${times} times in the list`);
  if (observations.length !== 1 || observations[0] !== `${id}-g`) found.push(`trace ${id} has ${observations.length} observations`);
  return found;
}

/** Trace -> ids of its observations, however often each is listed. */
async function listObservations(input: ReadBackInput): Promise<Map<string, string[]>> {
  const found = new Map<string, string[]>();
  let cursor: string | undefined;
  do {
    const query = new URLSearchParams({ name: 'generation', limit: '1000', fields: 'core', fromStartTime: input.from.toISOString() });
    if (cursor !== undefined) query.set('cursor', cursor);
    const page = (await get(input, `/api/public/v2/observations?${query}`)) as { data: { id: string; traceId: string }[]; meta: { cursor?: string } };
    for (const { id, traceId } of page.data) found.set(traceId, [...(found.get(traceId) ?? []), id]);
    cursor = page.meta.cursor;
  } while (cursor !== undefined);
  return found;
}

/** Trace -> how often it is listed. */
async function listTraces(input: ReadBackInput): Promise<Map<string, number>> {
  const found = new Map<string, number>();
  const pageOf = async (page: number): Promise<number> => {
    const query = new URLSearchParams({ name: 'fault run', limit: String(TRACES_A_PAGE), page: String(page), fields: 'core' });
    query.set('fromTimestamp', input.from.toISOString());
    const answer = (await get(input, `/api/public/traces?${query}`)) as { data: { id: string }[]; meta: { totalPages: number } };
    for (const { id } of answer.data) found.set(id, (found.get(id) ?? 0) + 1);
    return answer.meta.totalPages;
  };
  const pages = await pageOf(1);
  let next = 2;
  const work = async (): Promise<void> => {
    while (next <= pages) await pageOf(next++);
  };
  await Promise.all(Array.from({ length: PAGES_AT_ONCE }, work));
  return found;
}

/** A read that is refused or broken is asked again: what ran into faults may still be starting. */
async function get({ cluster }: ReadBackInput, path: string): Promise<unknown> {
  for (let attempt = 1; ; attempt++) {
    const answer = await call(`${cluster.observeUrl}${path}`, { basic: cluster.basic }).catch((error: unknown) => error as Error);
    if (!(answer instanceof Error) && answer.status === 200) return answer.body;
    if (attempt === TRIES) throw new Error(`${path} answered ${answer instanceof Error ? answer.message : `${answer.status} ${answer.text.slice(0, 200)}`}`);
    await new Promise((resolve) => setTimeout(resolve, 1_000));
  }
}
