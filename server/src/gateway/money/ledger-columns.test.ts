import fc from 'fast-check';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { settledCall, startedCall } from './call-fixture.ts';
import { LEDGER_COLUMNS } from './ledger-columns.ts';
import { entriesOfSettled } from './ledger-row.ts';
import { applyGroup } from './ledger-sql.ts';

let database: TestRecords;
beforeAll(async () => {
  database = await startTestRecords();
});
afterAll(() => database.stop());

it('carries any text, list, number and instant into the table as it was', async () => {
  const text = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 30 }),
    fc.constantFrom('NULL', 'null', '', '{}', '{a,b}', '"', '\\', '\\"', ' ', "';--", 'a,b', '\n'),
  );
  const call = fc.record({
    model: text,
    endUser: fc.option(text),
    tags: fc.array(text, { maxLength: 4 }),
    startedAtUs: fc.integer({ min: 0, max: 4_000_000_000_000_000 }),
    input: fc.nat(),
    cost: fc.option(fc.bigInt({ min: 0n, max: 10n ** 20n })),
  });
  const stored = (value: string): string => value.toWellFormed().replaceAll('\u0000', '\uFFFD');
  await fc.assert(
    fc.asyncProperty(fc.array(call, { minLength: 1, maxLength: 20 }), async (calls) => {
      const settled = calls.map(({ model, endUser, tags, startedAtUs, input, cost }) => {
        const record = settledCall(startedCall({ model, startedAtUs }), cost === null ? null : `0.${String(cost).padStart(12, '0').slice(-12)}`, {
          endUser,
          tags,
        });
        return { ...record, attempts: record.attempts.map((attempt) => ({ ...attempt, usage: { input, output: 0, total: input } })) };
      });
      await applyGroup(database.records, settled.flatMap(entriesOfSettled), { name: 'ledger', position: 0n });
      const rows = await database.records.query<{
        call_id: string;
        model: string;
        end_user: string | null;
        tags: string[];
        started_us: string;
        input_tokens: string;
        cost: string;
      }>(
        sql`SELECT call_id, model, end_user, tags, (extract(epoch FROM call_started_at) * 1000000)::bigint AS started_us, input_tokens, cost
          FROM ledger WHERE call_id = ANY(${settled.map((record) => record.callId)}::text[])`,
      );
      const byId = new Map(rows.map((row) => [row.call_id, row]));
      for (const record of settled) {
        const [attempt] = record.attempts;
        expect(byId.get(record.callId)).toEqual({
          call_id: record.callId,
          model: stored(record.model),
          end_user: record.endUser === null ? null : stored(record.endUser),
          tags: record.tags.map(stored),
          started_us: String(record.startedAtUs),
          input_tokens: String(attempt!.usage!.input),
          cost: record.cost,
        });
      }
    }),
    { numRuns: 60 },
  );
});

it('names every column of the table that a call fills', async () => {
  const rows = await database.records.query<{ column_name: string }>(sql`SELECT column_name FROM information_schema.columns WHERE table_name = 'ledger'`);
  const names = rows.map((row) => row.column_name).filter((name) => name !== 'recorded_at');
  expect(LEDGER_COLUMNS.map((column) => column.name).sort()).toEqual(names.sort());
});
