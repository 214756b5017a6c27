// The read promises on a filled store: `./scripts/node bench/reads.ts --rows 10000000 --folder DIR` makes the observations (once a folder) and then times what people and SDKs ask, through the doors.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { request } from 'undici';
import { freePort, startServer } from './child.ts';
import { fillStore } from './fill-store.ts';
import { machineFacts, treeOf } from './process-tree.ts';
import { fixed, listOf } from './report.ts';
import { percentile } from './statistics.ts';

interface Options {
  rows: number;
  folder: string;
  rounds: number;
}

function readOptions(): Options {
  const { values } = parseArgs({
    options: { rows: { type: 'string', default: '10000000' }, folder: { type: 'string' }, rounds: { type: 'string', default: '15' } },
  });
  if (values.folder === undefined) throw new Error('--folder DIR is needed: where the data is made and kept (about 150 bytes of disk a row)');
  return { rows: Number(values.rows), folder: values.folder, rounds: Number(values.rounds) };
}

const DAY_MS = 86_400_000;

/** What eight tiles of a dashboard ask at once: a metrics query each. */
function dashboard(now: number, days: number): string[] {
  const range = { fromTimestamp: new Date(now - days * DAY_MS).toISOString(), toTimestamp: new Date(now).toISOString() };
  const tile = (measure: string, aggregation: string, more: object): string => {
    const query = { view: 'observations', metrics: [{ measure, aggregation }], filters: [], ...range, ...more };
    return `/api/public/v2/metrics?query=${encodeURIComponent(JSON.stringify(query))}`;
  };
  const daily = { timeDimension: { granularity: 'day' } };
  return [
    tile('count', 'count', daily),
    tile('totalCost', 'sum', daily),
    tile('latency', 'p95', daily),
    tile('totalTokens', 'sum', daily),
    tile('count', 'count', { dimensions: [{ field: 'name' }] }),
    tile('totalCost', 'sum', { dimensions: [{ field: 'providedModelName' }] }),
    tile('latency', 'avg', { dimensions: [{ field: 'name' }] }),
    tile('count', 'count', {}),
  ];
}

/** Name, promise in ms (null = none stated) and path; `now` is the end of the filled range. */
function questions(now: number, traceId: string): [name: string, mostMs: number | null, path: string | string[]][] {
  const iso = (ms: number): string => encodeURIComponent(new Date(ms).toISOString());
  const times = (days: number): string => `fromStartTime=${iso(now - days * DAY_MS)}&toStartTime=${iso(now)}`;
  const stamps = (days: number): string => times(days).replaceAll('StartTime', 'Timestamp');
  return [
    ['v2 observations, 1 day, 50 rows', 100, `/api/public/v2/observations?limit=50&${times(1)}`],
    ['v2 observations, 7 days, 50 rows', 100, `/api/public/v2/observations?limit=50&${times(7)}`],
    ['v2 observations, 7 days, one name, with io and usage', 100, `/api/public/v2/observations?limit=50&name=answer&fields=core,basic,io,usage&${times(7)}`],
    ['v1 observations, 7 days, exact total', 600, `/api/public/observations?limit=50&${times(7)}`],
    ['v1 observations, 30 days, exact total', 600, `/api/public/observations?limit=50&${times(30)}`],
    ['v1 traces, 1 day, exact total', 600, `/api/public/traces?limit=50&${stamps(1)}`],
    ['v1 traces, 7 days, exact total', 600, `/api/public/traces?limit=50&${stamps(7)}`],
    [
      'full-text search, 1 day, a word that nothing holds',
      300,
      `/api/public/v2/observations?limit=50&searchQuery=${encodeURIComponent('希少な語彙')}&${times(1)}`,
    ],
    ['full-text search, 1 day, a word that everything holds', 300, `/api/public/v2/observations?limit=50&searchQuery=question&${times(1)}`],
    [
      'full-text search, 30 days, a word that nothing holds',
      null,
      `/api/public/v2/observations?limit=50&searchQuery=${encodeURIComponent('希少な語彙')}&${times(30)}`,
    ],
    ['full-text search, 30 days, one that everything holds', null, `/api/public/v2/observations?limit=50&searchQuery=question&${times(30)}`],
    ['full-text search of traces, 1 day', 300, `/api/public/traces?limit=50&searchQuery=${encodeURIComponent('希少な語彙')}&${stamps(1)}`],
    ['eight tiles of a dashboard at once, 1 day', null, dashboard(now, 1)],
    ['eight tiles of a dashboard at once, 30 days', 1_000, dashboard(now, 30)],
    ['a trace by id', 50, `/api/public/traces/${traceId}`],
    ['an observation by id', 50, `/api/public/observations/${traceId}-2`],
  ];
}

async function main(): Promise<void> {
  const { rows, folder, rounds } = readOptions();
  const dataFolder = join(folder, 'data');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'config.yaml'), 'model_list: []\n');
  const start = async () => {
    const [port, observePort] = [await freePort(), await freePort()];
    const ports = ['--port', String(port), '--observe-port', String(observePort), '--otlp-grpc-port', '0'];
    const args = ['start', '--data-dir', dataFolder, '--config', join(folder, 'config.yaml'), ...ports];
    const child = await startServer(
      { command: join(import.meta.dirname, '..', 'genai'), args, logPath: join(folder, 'log') },
      { port, path: '/health/readiness', timeoutMs: 180_000 },
    );
    return { child, observePort };
  };
  const first = await start();
  const keys = JSON.parse(await readFile(join(dataFolder, 'keys.json'), 'utf8')) as { publicKey: string; secretKey: string };
  const headers = { authorization: `Basic ${Buffer.from(`${keys.publicKey}:${keys.secretKey}`).toString('base64')}` };
  const projects = await request(`http://127.0.0.1:${first.observePort}/api/public/projects`, { headers });
  const projectId = ((await projects.body.json()) as { data: { id: string }[] }).data[0]?.id ?? '';
  await first.child.stop(30_000);
  const filled = await fillStore({ dataFolder, projectId, markPath: join(folder, 'filled.json'), rows, say: (line) => process.stderr.write(`# ${line}\n`) });
  const logPath = join(folder, 'log');
  const saidBefore = (await readFile(logPath, 'utf8')).length;
  const running = await start();
  try {
    // Ready is the front; the engine opens a large store a moment later.
    for (let tries = 0; tries < 600 && (await statusOf(running.observePort, headers)) !== 200; tries++) await sleep(200);
    await settled(logPath, saidBefore);
    const machine = machineFacts();
    process.stdout.write(`${machine.cpuModel}, ${machine.cores} cores, Linux ${machine.kernel}, Node ${machine.node}, load ${machine.loadAverage}\n`);
    const lines: [string, string][] = [];
    for (const [name, mostMs, path] of questions(filled.endMs, filled.traceId)) {
      const taken: number[] = [];
      let note = '';
      const cpuBefore = treeOf(running.child.pid).cpuUs;
      for (let round = 0; round < rounds; round++) {
        const startMs = performance.now();
        const answers = await Promise.all([path].flat().map((one) => ask(`http://127.0.0.1:${running.observePort}${one}`, headers)));
        taken.push(performance.now() - startMs);
        for (const { status, text } of answers) if (status !== 200) note = ` ${status} ${text.slice(0, 120)}`;
      }
      const p50 = percentile(taken, 0.5);
      const verdict = mostMs === null ? '' : p50 <= mostMs ? `, promised ${mostMs}: held` : `, promised ${mostMs}: NOT HELD`;
      // On a busy machine waiting is most of the time; what a read costs is not.
      const cpuMs = (treeOf(running.child.pid).cpuUs - cpuBefore) / 1000 / rounds;
      lines.push([name, `${fixed(p50, 0)} / ${fixed(percentile(taken, 0.95), 0)} ms, CPU ${fixed(cpuMs, 0)} ms${verdict}${note}`]);
    }
    lines.push(['RSS of the tree after it, MB', fixed(treeOf(running.child.pid).residentBytes / 1048576, 0)]);
    process.stdout.write(`${listOf(`reads on ${filled.rows} observations: p50 / p95 of ${rounds}`, lines)}\nload at the end ${machineFacts().loadAverage}\n`);
  } finally {
    await running.child.stop(30_000);
  }
}

/** What dashboards add up is settled by the engine after its start; a folder of before this release takes half a minute for ten million rows. */
async function settled(logPath: string, saidBefore: number): Promise<void> {
  const startMs = performance.now();
  while (performance.now() - startMs < 300_000) {
    if ((await readFile(logPath, 'utf8')).slice(saidBefore).includes('roll-ups are settled')) {
      process.stderr.write(`# roll-ups were settled ${fixed((performance.now() - startMs) / 1000, 0)} s after the start\n`);
      return;
    }
    await sleep(500);
  }
  process.stderr.write('# no roll-up was settled within 300 s\n');
}

async function ask(url: string, headers: Record<string, string>): Promise<{ status: number; text: string }> {
  const answer = await request(url, { headers });
  return { status: answer.statusCode, text: await answer.body.text() };
}

async function statusOf(port: number, headers: Record<string, string>): Promise<number> {
  const answer = await request(`http://127.0.0.1:${port}/api/public/traces?limit=1`, { headers });
  await answer.body.dump();
  return answer.statusCode;
}

await main();
