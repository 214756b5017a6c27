// What a large window of a scheduled export costs: fills a store with so many observations of one hour, and lets the engine write each type of file. Time, size, and the most memory that the process took.
// ./scripts/node bench/export-window.ts --rows 1000000
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { exportsInEngine } from '../server/src/engine-export.ts';
import { FIELD_GROUPS, FILE_TYPES } from '../server/src/observe/blob-export/schema.ts';
import { migrateAnalytics } from '../server/src/observe/store/migrate.ts';
import { openChdb } from '../server/src/stores/analytics/chdb.ts';
import { constantSql } from '../server/src/stores/analytics/sql.ts';

const { values } = parseArgs({
  options: { rows: { type: 'string', default: '1000000' }, 'content-bytes': { type: 'string', default: '1000' }, fill: { type: 'string' } },
});
const rows = Number(values.rows);
const fromMs = Date.UTC(2026, 10, 20, 12);
const PER_INSERT = 50_000;
const megabytes = (bytes: number): number => Math.round(bytes / 1e6);

/** In a process of its own: what filling took is not what is measured. */
async function fill(folder: string): Promise<void> {
  const analytics = await openChdb({ path: join(folder, 'analytics'), maxMemoryBytes: 4e9 });
  await migrateAnalytics(analytics);
  const content = `randomPrintableASCII(${Number(values['content-bytes'])})`;
  const small = 'max_block_size = 5000, min_insert_block_size_rows = 5000, min_insert_block_size_bytes = 16000000, max_threads = 1';
  for (let at = 0; at < rows; at += PER_INSERT) {
    await analytics.command(
      constantSql(`INSERT INTO observations (project_id, row_version, trace_id, id, type, name, start_time, created_at, updated_at, received_at, environment, level, input, output,
        metadata, usage_details, cost_details, total_cost) SELECT 'p', 1, hex(sipHash128(intDiv(number, 4))), hex(sipHash64(number)), 'GENERATION', 'call',
        toDateTime64('2026-11-20 12:00:00', 6, 'UTC') + toIntervalMillisecond(intDiv(number * 3600000, ${rows})), now64(6), now64(6), now64(6), 'default', 'DEFAULT', ${content}, ${content},
        map('user', toString(number)), map('input', 100, 'output', 20), map('input', 0.001), 0.001 FROM numbers(${at}, ${Math.min(PER_INSERT, rows - at)}) SETTINGS ${small}`),
    );
  }
  // A window is written twenty minutes after its end: what arrived in it has been merged by then.
  const merging = constantSql("SELECT count() AS n FROM system.merges WHERE table = 'observations'");
  for (let quiet = 0; quiet < 5; await new Promise((resolve) => setTimeout(resolve, 1_000)))
    quiet = (await analytics.query<{ n: string }>(merging))[0]?.n === '0' ? quiet + 1 : 0;
  await analytics.close();
}

/** As the engine opens it. */
async function measure(folder: string): Promise<void> {
  const analytics = await openChdb({ path: join(folder, 'analytics'), maxMemoryBytes: 768 * 1024 * 1024 });
  const engine = exportsInEngine(analytics, join(folder, 'exports'));
  const [stored] = await analytics.query<{ n: string }>(constantSql("SELECT count() AS n FROM system.parts WHERE active AND table = 'observations'"));
  process.stdout.write(`${rows} observations of an hour in ${stored?.n} parts; the process before: ${megabytes(process.memoryUsage.rss())} MB\n`);
  let most = 0;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  try {
    for (const fileType of FILE_TYPES) {
      most = 0;
      const startedAt = performance.now();
      const asked = {
        projectId: 'p',
        table: 'observations',
        fromMs,
        toMs: fromMs + 3_600_000,
        fileType,
        packed: fileType !== 'PARQUET',
        groups: FIELD_GROUPS,
      } as const;
      const file = await engine.write(asked, new AbortController().signal);
      const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
      process.stdout.write(`${fileType}: ${seconds} s, ${megabytes(statSync(file as string).size)} MB, at most ${megabytes(most)} MB of memory\n`);
      rmSync(file as string);
    }
  } finally {
    clearInterval(watch);
    await analytics.close();
  }
}

if (values.fill !== undefined) await fill(values.fill);
else {
  const folder = mkdtempSync(join(tmpdir(), 'genai-export-window-'));
  try {
    const filled = spawnSync(process.execPath, [import.meta.filename, ...process.argv.slice(2), '--fill', folder], { stdio: 'inherit' });
    if (filled.status !== 0) throw new Error('the store could not be filled');
    await measure(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
