// What a stored observation takes on disk: rows whose input (600 characters) and output (300) are cut out of this repository's own pages, English and Japanese, stored as the platform stores them.
// ./scripts/node bench/row-bytes.ts
import { globSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { newCallId, spanIdOf } from '../server/src/lib/id.ts';
import { migrateAnalytics } from '../server/src/observe/store/migrate.ts';
import { openChdb } from '../server/src/stores/analytics/chdb.ts';
import { sql } from '../server/src/stores/analytics/sql.ts';

const ROWS = 40_000;
const BATCH = 4_000;
const root = join(import.meta.dirname, '..');
const pages = globSync(['README*.md', 'docs/**/*.md'], { cwd: root })
  .map((file) => readFileSync(join(root, file), 'utf8'))
  .join('\n');
const piece = (length: number): string => {
  const at = Math.floor(Math.random() * (pages.length - length));
  return JSON.stringify(pages.slice(at, at + length).toWellFormed());
};

const folder = mkdtempSync(join(tmpdir(), 'genai-row-bytes-'));
const analytics = await openChdb({ path: join(folder, 'analytics'), maxMemoryBytes: 2 * 1024 ** 3 });
try {
  await migrateAnalytics(analytics);
  for (let from = 0; from < ROWS; from += BATCH) {
    const rows = Array.from({ length: BATCH }, (_, index) => {
      const id = newCallId();
      const at = new Date(Date.now() - Math.random() * 86_400_000).toISOString();
      return {
        ...{ project_id: 'p', row_version: from + index + 1, is_deleted: 0, retention_class: 0, received_at: at, created_at: at, updated_at: at, stamps: '{}' },
        ...{ trace_id: id, id: spanIdOf(id), type: 'GENERATION', parent_observation_id: '', name: 'chat', start_time: at, end_time: at, original_times: '' },
        ...{ environment: 'default', level: 'DEFAULT', input: piece(600), output: piece(300), metadata: { tenant: String(index % 20) }, call_id: id },
        ...{
          provided_model_name: 'gpt-4o-mini',
          usage_details: { input: 250 + (index % 99), output: 80, total: 330 },
          total_cost: '0.0000855',
          currency: 'USD',
        },
        ...{ key_id: 'k', user_id: `user-${index % 500}`, session_id: `session-${index % 5000}`, tags: ['a'], is_trace: 1 },
      };
    });
    await analytics.insert('observations', rows, `row-bytes-${from}`);
  }
  await analytics.command(sql`OPTIMIZE TABLE observations FINAL`);
  const [found] = await analytics.query<{ bytes: string; rows: string }>(
    sql`SELECT sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts WHERE active AND database = currentDatabase() AND table = 'observations'`,
  );
  process.stdout.write(`${Math.round(Number(found?.bytes) / Number(found?.rows))} bytes a row (${found?.rows} rows)\n`);
} finally {
  await analytics.close();
  rmSync(folder, { recursive: true, force: true });
}
