// Writes folded rows durably: one insert a partition, halved down to the bad row when one is refused, repeated with backoff while the store is away.
import { AppError } from '#lib/errors.ts';
import { createMarker, type MarkedRow } from '#observe/rollups/marks.ts';
import type { DeadLetterRow, FoldedRows, ObservationRow } from '#observe/rows.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { TableName } from './tables.ts';

export interface WriteOptions {
  /** Journal range the rows came from: the insert token's first part, so that a repeated range is written once. */
  firstSequence: bigint;
  lastSequence: bigint;
  /** Ends waiting for a store that is away. */
  signal?: AbortSignal;
}

export interface Writer {
  /** Everything is on disk when it resolves; refused rows lie in dead_letters. @throws the signal's reason when it ends first. */
  write(rows: FoldedRows, options: WriteOptions): Promise<{ written: number; deadLetters: number }>;
}

export interface WriterOptions {
  /** First and longest pause before an insert into a store that is away is repeated. */
  firstPauseMs?: number;
  longestPauseMs?: number;
  /** The clock that decides which rows are too old to be written without a mark; default the machine's. */
  now?: () => number;
  /** Told once an attempt that failed because the store is away. */
  onAway?: (error: unknown) => void;
}

const MAX_ROWS_AN_INSERT = 20_000;
const MAX_BYTES_AN_INSERT = 16 * 1024 * 1024;
const WEEK_MS = 7 * 86_400_000;
/** Monday 1970-01-05 in epoch milliseconds. */
const FIRST_MONDAY_MS = 4 * 86_400_000;

/** One row, already as JSON text, so that halving never encodes again. */
interface Encoded {
  json: Buffer;
  row: object;
}

/** Makes the writer over an analytics store whose tables exist. */
export function createWriter(analytics: Analytics, options: WriterOptions = {}): Writer {
  const marker = createMarker(analytics, options.now);

  async function patiently(attempt: () => Promise<void>, signal: AbortSignal | undefined): Promise<void> {
    for (let pauseMs = options.firstPauseMs ?? 100; ; pauseMs = Math.min(pauseMs * 2, options.longestPauseMs ?? 5_000)) {
      signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        if (!(error instanceof AppError) || error.status !== 503) throw error;
        options.onAway?.(error);
        await pause(pauseMs, signal);
      }
    }
  }

  async function insertPatiently(table: TableName, rows: readonly Encoded[], token: string, signal: AbortSignal | undefined): Promise<void> {
    const body = Buffer.concat(rows.map((row) => row.json));
    await patiently(async () => {
      // Marked with the whole batch; marked again where the store was away for long.
      if (table === 'observations') await marker.before(rows.map(({ row }) => row as MarkedRow));
      await analytics.insert(table, body, token);
    }, signal);
  }

  /** Rows that the engine refused, found by halving: 2 · log2(n) inserts for one bad row among n. */
  async function insertOrSplit(table: TableName, rows: readonly Encoded[], token: string, signal: AbortSignal | undefined): Promise<DeadLetterRow[]> {
    try {
      await insertPatiently(table, rows, token, signal);
      return [];
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'rows_refused') throw error;
      if (rows.length === 1) return [deadLetterOf(table, rows[0] as Encoded, error)];
      const middle = rows.length >> 1;
      const left = await insertOrSplit(table, rows.slice(0, middle), `${token}/l`, signal);
      return [...left, ...(await insertOrSplit(table, rows.slice(middle), `${token}/r`, signal))];
    }
  }

  return {
    write: async (rows, { firstSequence, lastSequence, signal }) => {
      const range = `${firstSequence}-${lastSequence}`;
      const deadLetters = [...rows.deadLetters];
      let written = 0;
      // Dirty first: a crash before the rows costs a sum that is made again, never one that lacks them.
      await patiently(async () => await marker.before(rows.observations), signal);
      // Tables side by side: an insert waits for the disk as long as it works.
      const tables = partitioned(rows).map(async ([table, partitions]) => {
        for (const [partition, members] of partitions) {
          for (const [index, chunk] of chunks(members).entries()) {
            const refused = await insertOrSplit(table, chunk, `${range}/${table}/${partition}/${index}`, signal);
            deadLetters.push(...refused);
            written += chunk.length - refused.length;
          }
        }
      });
      // All have ended before a failure of one is told, so that nothing of this write is under way when it is repeated.
      const failed = (await Promise.allSettled(tables)).find(({ status }) => status === 'rejected');
      if (failed?.status === 'rejected') throw failed.reason;
      if (deadLetters.length > 0) await insertPatiently('dead_letters', deadLetters.map(encode), `${range}/dead_letters`, signal);
      return { written, deadLetters: deadLetters.length };
    },
  };
}

/** The day that was looked at last with its partition: rows come in runs of the same day. */
let lastDay = '';
let lastPartition = '';

/** The partition of a row as text: retention class and the Monday of its week, exactly what PARTITION BY makes of it. */
export function partitionOf(retentionClass: number, instant: string): string {
  const day = `${retentionClass}:${instant.slice(0, 10)}`;
  // Only what is an instant of UTC beyond doubt has the partition of its day.
  if (day === lastDay && UTC_INSTANT.test(instant)) return lastPartition;
  const partition = partitionAt(retentionClass, instant);
  if (UTC_INSTANT.test(instant)) [lastDay, lastPartition] = [day, partition];
  return partition;
}

const UTC_INSTANT = /^\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d\.\d{6}Z$/;

function partitionAt(retentionClass: number, instant: string): string {
  const monday = FIRST_MONDAY_MS + Math.floor((Date.parse(instant) - FIRST_MONDAY_MS) / WEEK_MS) * WEEK_MS;
  return `${retentionClass}:${Number.isNaN(monday) ? 'invalid' : new Date(monday).toISOString().slice(0, 10)}`;
}

function partitioned(rows: FoldedRows): [TableName, Map<string, Encoded[]>][] {
  return [
    ['observations', group(rows.observations, (row: ObservationRow) => row.start_time)],
    ['traces', group(rows.traces, timestampOf)],
    ['scores', group(rows.scores, timestampOf)],
    ['otel_logs', group(rows.otelLogs, timestampOf)],
    ['otel_metrics', group(rows.otelMetrics, timestampOf)],
  ];
}

const timestampOf = (row: { timestamp: string }): string => row.timestamp;

function group<Row extends { retention_class: number }>(rows: readonly Row[], instantOf: (row: Row) => string): Map<string, Encoded[]> {
  const groups = new Map<string, Encoded[]>();
  for (const row of rows) {
    const partition = partitionOf(row.retention_class, instantOf(row));
    const members = groups.get(partition);
    if (members) members.push(encode(row));
    else groups.set(partition, [encode(row)]);
  }
  return groups;
}

function encode(row: object): Encoded {
  return { json: Buffer.from(`${JSON.stringify(row)}\n`, 'utf8'), row };
}

function chunks(rows: readonly Encoded[]): Encoded[][] {
  const result: Encoded[][] = [];
  let current: Encoded[] = [];
  let bytes = 0;
  for (const row of rows) {
    if (current.length > 0 && (current.length >= MAX_ROWS_AN_INSERT || bytes + row.json.byteLength > MAX_BYTES_AN_INSERT)) {
      result.push(current);
      current = [];
      bytes = 0;
    }
    current.push(row);
    bytes += row.json.byteLength;
  }
  if (current.length > 0) result.push(current);
  return result;
}

function deadLetterOf(table: TableName, refused: Encoded, error: AppError): DeadLetterRow {
  const row = refused.row as { project_id: string; received_at: string; row_version?: string; sequence?: string };
  const said = row.row_version ?? row.sequence ?? '';
  const sequence = /^\d{1,19}$/.test(said) ? said : '0';
  const receivedAt = Number.isNaN(Date.parse(row.received_at)) ? new Date().toISOString() : row.received_at;
  return {
    project_id: String(row.project_id),
    received_at: receivedAt,
    sequence,
    place: table,
    reason: error.message,
    content: refused.json.toString('utf8').trimEnd(),
  };
}

async function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', end);
      resolve();
    }, ms);
    function end(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', end, { once: true });
  });
}
