import { temporaryAnalytics, folded } from '#observe/store/rows-fixture.ts';
import { createWriter } from '#observe/store/writer.ts';
import { createLookup } from '#observe/store/lookup.ts';
import { createFolder } from '#observe/fold/folder.ts';
import { JournalKind, type JournalRecord } from '#stores/journal/port.ts';
const { analytics, close } = await temporaryAnalytics();
let look = 0, lookN = 0;
const timedAnalytics = { ...analytics, query: async (...a: Parameters<typeof analytics.query>) => { const t = performance.now(); const r = await analytics.query(...a); look += performance.now() - t; lookN++; return r; } } as typeof analytics;
let ins = 0, insN = 0;
const w = createWriter({ ...analytics, insert: async (...a) => { const t = performance.now(); await analytics.insert(...a); ins += performance.now() - t; insN++; } });
const folder = createFolder({ lookup: createLookup(timedAnalytics), price: null, retentionClass: () => 0, now: Date.now });
let total = 0;
const N = 40;
for (let b = 0; b < N; b++) {
  const records: JournalRecord[] = Array.from({ length: 5 }, (_, r) => {
    const batch = b * 5 + r;
    const at = new Date(Date.UTC(2026, 10, 20) + batch * 1000).toISOString();
    const events = Array.from({ length: 20 }, (_, i) => i === 0 ? { id: `e${batch}-0`, type: 'trace-create', timestamp: at, body: { id: `t${batch}`, timestamp: at, name: 'x' } } : { id: `e${batch}-${i}`, type: 'span-create', timestamp: at, body: { id: `s${batch}-${i}`, traceId: `t${batch}`, startTime: at, name: 'n', input: { a: 1 } } });
    return { sequence: BigInt(batch + 1), kind: JournalKind.ingestionBatch, project: 'p', parts: [Buffer.from(JSON.stringify({ receivedAtUs: Date.now() * 1000 })), Buffer.from(JSON.stringify({ batch: events }))] };
  });
  const t = performance.now();
  const rows = await folder.fold(records);
  await w.write(rows, { firstSequence: records[0]!.sequence, lastSequence: records.at(-1)!.sequence });
  folder.committed();
  const ms = performance.now() - t; total += ms;
  if (b % 10 === 0) console.log(b, ms.toFixed(0), 'ms', rows.observations.length, rows.traces.length);
}
console.log('round', (total / N).toFixed(1), 'lookups', (look / lookN).toFixed(1), 'ms x', lookN / N, 'inserts', (ins / insN).toFixed(1), 'ms x', insN / N);
const { sql } = await import('#stores/analytics/sql.ts');
const t = performance.now();
await createLookup(analytics).observations([{ projectId: 'p', id: 's3-3' }]);
console.log('one lookup', performance.now() - t);
console.log(await analytics.query(sql`select count() c, sum(rows) r from system.parts where active and table='observations'`), process.memoryUsage().rss / 1e6);
await close();
