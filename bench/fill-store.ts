// Fills a data folder's analytics store (the platform is stopped) with generated traces of four observations each, spread evenly over 30 days, by the engine's own INSERT ... SELECT.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openChdb } from '../server/src/stores/analytics/chdb.ts';
import { float64, type SqlFragment, sql, text } from '../server/src/stores/analytics/sql.ts';

export interface Filled {
  rows: number;
  /** End of the filled range. */
  endMs: number;
  /** A trace in the middle of it. */
  traceId: string;
}

const DAYS = 30;
const A_TRACE = 4;
const TRACES_AN_INSERT = 100_000;

export interface FillOptions {
  dataFolder: string;
  projectId: string;
  /** Written when the store is full: a second run goes on from there. */
  markPath: string;
  rows: number;
  say: (line: string) => void;
}

export async function fillStore({ dataFolder, projectId, markPath, rows, say }: FillOptions): Promise<Filled> {
  const known = await readFile(markPath, 'utf8').then(
    (text) => JSON.parse(text) as Filled,
    () => null,
  );
  if (known?.rows === rows) return known;
  const analytics = await openChdb({ path: join(dataFolder, 'analytics'), maxMemoryBytes: 2 * 1024 ** 3 });
  try {
    const traces = Math.ceil(rows / A_TRACE);
    const endMs = Math.floor(Date.now() / 1000) * 1000;
    const startMs = endMs - DAYS * 86_400_000;
    const stepUs = Math.floor((DAYS * 86_400_000_000) / traces);
    for (let from = 0; from < traces; from += TRACES_AN_INSERT) {
      const count = Math.min(TRACES_AN_INSERT, traces - from);
      const range = { projectId, startMs, stepUs, from, count };
      await analytics.command(observationsOf(range));
      await analytics.command(tracesOf(range));
      say(`${(from + count) * A_TRACE} of ${rows} observations`);
    }
    const filled = { rows, endMs, traceId: `trace-${Math.floor(traces / 2)}` };
    await writeFile(markPath, JSON.stringify(filled));
    return filled;
  } finally {
    await analytics.close();
  }
}

interface Range {
  projectId: string;
  startMs: number;
  stepUs: number;
  from: number;
  count: number;
}

/** One text of Japanese and English; what varies makes each row its own. */
const TEXT = '問い合わせへの回答を作成してください。 Please summarise the following report for the board.';

function observationsOf({ projectId, startMs, stepUs, from, count }: Range): SqlFragment {
  return sql`INSERT INTO observations
    (project_id, row_version, is_deleted, retention_class, received_at, created_at, updated_at, trace_id, id, type, parent_observation_id, name, start_time, end_time,
     environment, level, input, output, metadata, provided_model_name, provided_usage_details, usage_details, cost_details, total_cost, currency, cost_source, user_id, session_id)
    SELECT ${text(projectId)}, number + 1, 0, 0, begun, begun, begun, concat('trace-', toString(number)), concat('trace-', toString(number), '-', toString(part)),
      ['SPAN', 'TOOL', 'GENERATION', 'EVENT'][part + 1], if(part = 0, '', concat('trace-', toString(number), '-0')), ['request', 'search', 'answer', 'note'][part + 1],
      begun + toIntervalMillisecond(part * 10), begun + toIntervalMillisecond(part * 10 + 500 + number % 900), ['production', 'staging'][if(number % 10 = 0, 2, 1)],
      if(number % 97 = 0, 'ERROR', 'DEFAULT'), concat('{"question":"', ${text(TEXT)}, ' ', toString(number), '"}'), concat('"', ${text(TEXT)}, ' ', hex(cityHash64(number, part)), '"'),
      map('tenant', toString(number % 20)), if(part = 2, ['gpt-4o-mini', 'gpt-4o', 'claude-sonnet-4-5'][number % 3 + 1], NULL),
      if(part = 2, map('input', 250, 'output', 80, 'total', 330), map()), if(part = 2, map('input', 250, 'output', 80, 'total', 330), map()),
      if(part = 2, map('total', toDecimal128(0.0000855, 12)), map()), if(part = 2, toDecimal128(0.0000855, 12), NULL), 'USD', if(part = 2, 'computed', ''),
      concat('user-', toString(number % 5000)), concat('session-', toString(intDiv(number, 5)))
    FROM (SELECT number, part, ${begun(startMs, stepUs)} AS begun FROM (SELECT number + ${float64(from)}::UInt64 AS number FROM numbers(${float64(count)}::UInt64)) ARRAY JOIN [0, 1, 2, 3] AS part)
    SETTINGS max_insert_threads = 1, max_threads = 2, max_execution_time = 600`;
}

function tracesOf({ projectId, startMs, stepUs, from, count }: Range): SqlFragment {
  return sql`INSERT INTO traces
    (project_id, row_version, is_deleted, retention_class, received_at, created_at, updated_at, id, timestamp, name, user_id, session_id, environment, tags, input, output, metadata)
    SELECT ${text(projectId)}, number + 1, 0, 0, begun, begun, begun, concat('trace-', toString(number)), begun, ['chat', 'agent', 'batch'][number % 3 + 1],
      concat('user-', toString(number % 5000)), concat('session-', toString(intDiv(number, 5))), ['production', 'staging'][if(number % 10 = 0, 2, 1)], ['bench'],
      concat('{"question":"', ${text(TEXT)}, ' ', toString(number), '"}'), concat('"', ${text(TEXT)}, '"'), map('tenant', toString(number % 20))
    FROM (SELECT number, ${begun(startMs, stepUs)} AS begun FROM (SELECT number + ${float64(from)}::UInt64 AS number FROM numbers(${float64(count)}::UInt64)))
    SETTINGS max_insert_threads = 1, max_threads = 2, max_execution_time = 600`;
}

function begun(startMs: number, stepUs: number): SqlFragment {
  return sql`fromUnixTimestamp64Micro(toInt64(${float64(startMs)}) * 1000 + toInt64(number) * toInt64(${float64(stepUs)}), 'UTC')`;
}
