// What both analytics adapters share: read limits, output and insert settings, newline-separated JSON, and the mapping of engine errors to AppError.
import { AppError } from '#lib/errors.ts';
import type { FileFormat, ReadLimits } from './port.ts';
import { withSettings } from './sql.ts';

export const DEFAULT_TIMEOUT_MS = 20_000;
export const DEFAULT_MEMORY_BYTES = 512 * 1024 * 1024;
/** A table's name as it may stand in an INSERT. */
const TABLE_NAME = /^[a-z_][a-z0-9_]*$/;

/** The read's text with its bounds and with the output forms that the port promises (64-bit integers and decimals as strings, ISO instants). */
export function boundedRead(body: string, limits: ReadLimits | undefined): string {
  return withSettings(body, {
    max_execution_time: Math.max((limits?.timeoutMs ?? DEFAULT_TIMEOUT_MS) / 1000, 0.001),
    max_memory_usage: limits?.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    output_format_json_quote_64bit_integers: 1,
    output_format_json_quote_decimals: 1,
    date_time_output_format: 'iso',
  });
}

/** Parquet is held in memory a row group at a time, and its own defaults are half a gigabyte. */
const PARQUET = {
  output_format_parquet_row_group_size: 20_000,
  output_format_parquet_row_group_size_bytes: 16 << 20,
  output_format_parquet_parallel_encoding: 0,
};

/** The read's text for a file: its bounds, few rows in memory at a time, and the forms that the port promises for files. */
export function boundedFile(body: string, format: FileFormat, limits: ReadLimits | undefined): string {
  return withSettings(body, {
    max_execution_time: Math.max((limits?.timeoutMs ?? DEFAULT_TIMEOUT_MS) / 1000, 0.001),
    max_memory_usage: limits?.memoryBytes ?? DEFAULT_MEMORY_BYTES,
    max_threads: 1,
    max_block_size: 1_024,
    min_insert_block_size_rows: 20_000,
    min_insert_block_size_bytes: 16 << 20,
    output_format_parallel_formatting: 0,
    output_format_json_quote_64bit_integers: 0,
    output_format_json_quote_decimals: 0,
    output_format_json_array_of_rows: format === 'JSONArray' ? 1 : 0,
    date_time_output_format: 'simple',
    format_csv_null_representation: '',
    ...(format === 'Parquet' ? PARQUET : {}),
  });
}

/** The engine's name of a format. */
export function engineFormat(format: FileFormat): string {
  return format === 'JSONArray' ? 'JSONEachRow' : format;
}

/** Settings of every insert. A lone surrogate is kept as its escape instead of refusing the row. */
export function insertSettings(token: string): Record<string, string | number> {
  return {
    async_insert: 0,
    insert_deduplicate: 1,
    insert_deduplication_token: token,
    date_time_input_format: 'best_effort',
    input_format_json_throw_on_bad_escape_sequence: 0,
    input_format_null_as_default: 0,
    input_format_parallel_parsing: 0,
  };
}

/** The table's name. @throws RangeError when it is not a plain identifier. */
export function tableName(table: string): string {
  if (!TABLE_NAME.test(table)) throw new RangeError(`not a table name: ${table.slice(0, 60)}`);
  return table;
}

/** Rows as newline-separated JSON; a ready buffer is passed through. */
export function encodeRows(rows: readonly object[] | Uint8Array): Uint8Array {
  if (rows instanceof Uint8Array) return rows;
  let body = '';
  for (const row of rows) body += `${JSON.stringify(row)}\n`;
  return Buffer.from(body, 'utf8');
}

/** Rows of newline-separated JSON. */
export function decodeRows<Row>(body: string): Row[] {
  const rows: Row[] = [];
  for (let start = 0; start < body.length; ) {
    let end = body.indexOf('\n', start);
    if (end < 0) end = body.length;
    if (end > start) rows.push(JSON.parse(body.slice(start, end)) as Row);
    start = end + 1;
  }
  return rows;
}

// Error numbers of ClickHouse (src/Common/ErrorCodes.cpp). LIMITS: the read was too large or slow.
const LIMITS = new Set([158, 159, 160, 241, 307, 396]);
// AWAY: nothing is wrong with the statement or the rows; the store cannot serve now (memory, disk, network, replication, start, rights).
const AWAY = new Set([
  3, 60, 74, 75, 76, 81, 159, 173, 198, 202, 203, 209, 210, 225, 236, 241, 242, 243, 252, 265, 279, 285, 286, 319, 373, 394, 439, 497, 516, 606, 668, 999, 1000,
]);

export type Operation = 'read' | 'insert' | 'command';

/** An engine's error number as AppError: 422 narrow the range (reads), 503 away, 400 refused. The engine's own words may hold values of rows, so they are only the cause. */
export function engineError(operation: Operation, code: number | undefined, cause: unknown): AppError {
  if (operation === 'read' && code !== undefined && LIMITS.has(code))
    return new AppError('The query needed more time or memory than it may use. Please narrow the time range or add a filter and try again.', {
      status: 422,
      code: 'query_limit_exceeded',
      cause,
    });
  if (code === undefined || AWAY.has(code)) return awayError(cause, code);
  const subject = operation === 'insert' ? 'rows' : 'statement';
  return new AppError(`The analytics store refused the ${subject} (engine error ${code}).`, {
    status: operation === 'insert' ? 400 : 500,
    code: operation === 'insert' ? 'rows_refused' : 'statement_refused',
    details: { engineCode: code },
    cause,
  });
}

/** The store cannot be reached or cannot serve now. */
export function awayError(cause: unknown, code?: number): AppError {
  return new AppError(`The analytics store is not available${code === undefined ? '' : ` (engine error ${code})`}. Try again in a few seconds.`, {
    status: 503,
    code: 'analytics_away',
    retryAfterSeconds: 2,
    cause,
  });
}
