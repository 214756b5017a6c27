// `prices reprice`: costs of a project's stored observations again, by the prices that were valid then; a dry run first says how many and how much. Exit code 0 done, 1 failed or called off, 2 wrong use.
import type { CommandContext } from '#command.ts';
import { type Doors, readDoors } from '#doors.ts';
import { call } from '#http.ts';
import { renderTable } from '#table.ts';

export interface RepriceFlags {
  from?: string | undefined;
  to?: string | undefined;
  model?: string | undefined;
  'dry-run'?: boolean | undefined;
}

interface Job {
  id: string;
  state: 'running' | 'done' | 'cancelled' | 'failed';
  problem: string | null;
  percent: number;
  looked: number;
  changed: number;
  unpriced: number;
  costBefore: string;
  costAfter: string;
}

const POLL_MS = 500;
const INSTANT = /^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d))?$/;

/** A day is its beginning in UTC. */
function instantOf(text: string | undefined): string | null {
  if (text === undefined || !INSTANT.test(text)) return null;
  const at = new Date(text.length === 10 ? `${text}T00:00:00Z` : text);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

export async function reprice(context: CommandContext, flags: RepriceFlags & Parameters<typeof readDoors>[1]): Promise<number> {
  const fromTimestamp = instantOf(flags.from);
  const toTimestamp = flags.to === undefined ? new Date().toISOString() : instantOf(flags.to);
  if (fromTimestamp === null || toTimestamp === null) {
    context.io.notify('prices.reprice-usage');
    return 2;
  }
  const doors = await readDoors(context, flags);
  const publicKey = doors.publicKey ?? context.env.LANGFUSE_PUBLIC_KEY ?? null;
  const secretKey = doors.secretKey ?? context.env.LANGFUSE_SECRET_KEY ?? null;
  if (publicKey === null || secretKey === null) {
    context.io.notify('gate.no-keys');
    return 1;
  }
  const authorization = `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}`;
  const wish = { fromTimestamp, toTimestamp, ...(flags.model === undefined ? {} : { model: flags.model }), dryRun: flags['dry-run'] === true };
  const job = await follow(context, { doors, authorization }, wish);
  if (job === null) return 1;
  context.io.result({ ...job, dryRun: wish.dryRun }, report(context, job, wish.dryRun));
  return job.state === 'done' ? 0 : 1;
}

interface Way {
  doors: Doors;
  authorization: string;
}

/** The job at its end; null after saying why there is none. */
async function follow(context: CommandContext, way: Way, wish: object): Promise<Job | null> {
  const { io } = context;
  let job = await ask(context, way, '/api/public/repricings', wish);
  while (job !== null && job.state === 'running') {
    io.progress(job.percent, io.text('prices.repricing', { looked: job.looked, changed: job.changed }));
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    job = await ask(context, way, `/api/public/repricings/${job.id}`);
  }
  if (job !== null) io.progress(100, io.text('prices.repricing', { looked: job.looked, changed: job.changed }));
  return job;
}

async function ask({ io }: CommandContext, { doors, authorization }: Way, path: string, body?: object): Promise<Job | null> {
  try {
    const answer = await call(`${doors.observeUrl}${path}`, {
      headers: { authorization },
      ...(body === undefined ? {} : { method: 'POST', body }),
      timeoutMs: 30_000,
    });
    if (answer.status === 200 || answer.status === 201) return answer.json as Job;
    io.notify('gate.refused', { status: answer.status, reason: (answer.json as { message?: string } | undefined)?.message ?? answer.text.slice(0, 300) });
  } catch (error) {
    io.notify('gate.refused', { status: 0, reason: (error as Error).message });
  }
  return null;
}

function report({ io }: CommandContext, job: Job, isDry: boolean): string {
  const header = [
    io.text('prices.looked-at'),
    io.text('prices.with-another-cost'),
    io.text('prices.without-price'),
    io.text('prices.before'),
    io.text('prices.after'),
  ];
  const rows = [[String(job.looked), String(job.changed), String(job.unpriced), job.costBefore, job.costAfter]];
  const said =
    job.state !== 'done' ? io.text('prices.called-off', { reason: job.problem ?? job.state }) : io.text(isDry ? 'prices.reprice-dry' : 'prices.repriced');
  return `${renderTable(header, rows)}\n\n${said}`;
}
