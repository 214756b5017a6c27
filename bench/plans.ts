// How the engine finds the rows of the read promises: `./scripts/node bench/plans.ts --folder DIR` on a folder that bench/reads.ts has filled, the platform stopped. Prints parts and granules by index, and CPU a statement.
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type ObservationKey, observationKeys, observationsOfKeys, observationsOfTrace } from '../server/src/observe/observations/sql.ts';
import { tracesById } from '../server/src/observe/traces/sql.ts';
import { openChdb } from '../server/src/stores/analytics/chdb.ts';
import type { Analytics } from '../server/src/stores/analytics/port.ts';
import { type SqlFragment, sql } from '../server/src/stores/analytics/sql.ts';
import { median } from './statistics.ts';

const ROUNDS = 9;
const HOUR_MS = 3_600_000;

async function explain(analytics: Analytics, name: string, statement: SqlFragment): Promise<void> {
  const [cpuMs, wallMs]: [number[], number[]] = [[], []];
  let rows = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const before = process.cpuUsage();
    const startMs = performance.now();
    rows = (await analytics.query<object>(statement)).length;
    wallMs.push(performance.now() - startMs);
    const { user, system } = process.cpuUsage(before);
    cpuMs.push((user + system) / 1000);
  }
  const lines = (await analytics.query<{ explain: string }>(sql`EXPLAIN indexes = 1 ${statement}`)).map((row) => row.explain.trim());
  const steps: string[] = [];
  for (const [at, line] of lines.entries()) {
    const index = /^(Partition|PrimaryKey|Skip)$/.exec(line)?.[1];
    const reading = /^ReadFromMergeTree \((?:\w+\.)?(\w+)\)/.exec(line)?.[1];
    if (reading !== undefined) steps.push(`${reading}:`);
    if (index === undefined) continue;
    const after = lines.slice(at, at + 12);
    const label = index === 'Skip' ? (after.find((one) => one.startsWith('Name: '))?.slice(6) ?? index) : index;
    steps.push(
      `${label} ${after.find((one) => one.startsWith('Parts: '))?.slice(7)} parts, ${after.find((one) => one.startsWith('Granules: '))?.slice(10)} granules;`,
    );
  }
  process.stdout.write(`${name}: ${rows} rows, ${median(wallMs).toFixed(1)} ms, ${median(cpuMs).toFixed(1)} ms CPU\n  ${steps.join(' ')}\n`);
}

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { folder: { type: 'string' } } });
  if (values.folder === undefined) throw new Error('--folder DIR is needed: what bench/reads.ts has filled');
  const analytics = await openChdb({ path: join(values.folder, 'data', 'analytics'), maxMemoryBytes: 768 * 1024 * 1024 });
  try {
    const [newest] = await analytics.query<{ project_id: string; newest: string }>(
      sql`SELECT project_id, toString(max(start_time)) AS newest FROM observations GROUP BY project_id`,
    );
    if (newest === undefined) throw new Error('the folder holds no observations');
    const { project_id: projectId } = newest;
    const end = Date.parse(`${newest.newest.replace(' ', 'T')}Z`) + 1_000;
    const back = (hours: number) => ({ from: new Date(end - hours * HOUR_MS), to: new Date(end) });
    const query = { projectId, filter: [] };
    const keys = await analytics.query<ObservationKey>(observationKeys(query, back(1), 50));
    const search = (question: string) => ({ ...query, content: [{ question, field: 'any' as const }] });
    await explain(analytics, 'keys of a page, the last hour', observationKeys(query, back(1), 50));
    await explain(analytics, 'keys of a page, a whole day', observationKeys(query, back(24), 50));
    await explain(analytics, 'rows of a page', observationsOfKeys(projectId, keys, true));
    await explain(analytics, 'search, a day, a word that nothing holds', observationKeys(search('希少な語彙'), back(24), 50));
    await explain(analytics, 'search, an hour, a word that everything holds', observationKeys(search('question'), back(1), 50));
    await explain(analytics, 'observations of a trace', observationsOfTrace(projectId, keys[0]?.trace_id ?? ''));
    await explain(analytics, 'a trace by id', tracesById(projectId, [keys[0]?.trace_id ?? ''], true));
  } finally {
    await analytics.close();
  }
}

await main();
