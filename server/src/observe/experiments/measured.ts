// What was measured of the items of a dataset run: scores of their traces, cost and latency, read from the engine.
import type { Principal } from '#identity/principal.ts';
import { fieldsOf, objectsOf, textOf } from '#lib/json.ts';
import type { AskEngine } from '#observe/api/ask-engine.ts';
import { invalidRequest } from '#observe/api/body.ts';
import { notFound } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Measured } from './comparison.ts';

/** Items of a run that are compared. */
const MAX_ITEMS = 5_000;
const TRACES_A_READ = 100;

interface RunItem {
  itemId: string;
  traceId: string;
}

interface RunItems {
  runId: string;
  items: RunItem[];
}

/** @throws AppError 404 for a run that is not there, 400 for one that is too large. */
export async function itemsOfRun(records: Pick<Records, 'query'>, projectId: string, datasetName: string, runName: string): Promise<RunItems> {
  const [run] = await records.query<{ id: string }>(sql`
    SELECT r.id FROM dataset_runs r JOIN datasets d ON d.id = r.dataset_id WHERE r.project_id = ${projectId} AND d.name = ${datasetName} AND r.name = ${runName}`);
  if (run === undefined) throw notFound(`The dataset ${datasetName} has no run named ${runName}.`);
  const rows = await records.query<{ dataset_item_id: string; trace_id: string }>(
    sql`SELECT dataset_item_id, trace_id FROM dataset_run_items WHERE dataset_run_id = ${run.id} ORDER BY created_at, id LIMIT ${MAX_ITEMS + 1}`,
  );
  if (rows.length > MAX_ITEMS) throw invalidRequest(`The run ${runName} has more than ${MAX_ITEMS} items: compare runs over fewer.`);
  return { runId: run.id, items: rows.map((row) => ({ itemId: row.dataset_item_id, traceId: row.trace_id })) };
}

/** Scores of the items' traces by name (numbers, and yes or no as 1 and 0), with `cost` and `latency` (seconds) of each trace. */
export async function measuredOf(ask: AskEngine, reader: Principal, items: readonly RunItem[]): Promise<Measured[]> {
  const found = new Map<string, { values: Record<string, number[]>; shares: Set<string> }>();
  const of = (traceId: string) => found.get(traceId) ?? found.set(traceId, { values: {}, shares: new Set() }).get(traceId);
  const ids = [...new Set(items.map(({ traceId }) => traceId))];
  for (let at = 0; at < ids.length; at += TRACES_A_READ) {
    const some = ids.slice(at, at + TRACES_A_READ);
    for await (const score of scoresOf(ask, reader, some)) {
      const entry = of(score.traceId);
      const values = entry?.values ?? {};
      values[score.name] = [...(values[score.name] ?? []), score.value];
      if (score.isShare) entry?.shares.add(score.name);
    }
    const filter = JSON.stringify([{ type: 'stringOptions', column: 'id', operator: 'any of', value: some }]);
    const traces = fieldsOf(await ask(reader, `/api/public/traces?${new URLSearchParams({ fields: 'core,metrics', limit: String(TRACES_A_READ), filter })}`));
    for (const trace of objectsOf(traces.data))
      Object.assign(of(textOf(trace.id))?.values ?? {}, { cost: [Number(trace.totalCost)], latency: [Number(trace.latency)] });
  }
  return items.flatMap(({ itemId, traceId }) => {
    const entry = found.get(traceId);
    if (entry === undefined) return [];
    const values = Object.fromEntries(Object.entries(entry.values).map(([name, all]) => [name, all.reduce((sum, value) => sum + value, 0) / all.length]));
    return [{ itemId, values, shares: entry.shares }];
  });
}

interface Score {
  traceId: string;
  name: string;
  value: number;
  isShare: boolean;
}

async function* scoresOf(ask: AskEngine, reader: Principal, traceIds: readonly string[]): AsyncGenerator<Score> {
  const query = new URLSearchParams({ traceId: traceIds.join(','), fields: 'core,subject', limit: '100' });
  for (;;) {
    const answer = fieldsOf(await ask(reader, `/api/public/v3/scores?${query}`));
    for (const score of objectsOf(answer.data)) {
      const subject = fieldsOf(score.subject);
      const value = typeof score.value === 'boolean' ? Number(score.value) : score.value;
      if (typeof value !== 'number') continue;
      yield {
        traceId: subject.kind === 'trace' ? textOf(subject.id) : textOf(subject.traceId),
        name: textOf(score.name),
        value,
        isShare: typeof score.value === 'boolean',
      };
    }
    const cursor = textOf(fieldsOf(answer.meta).cursor);
    if (cursor === '') return;
    query.set('cursor', cursor);
  }
}
