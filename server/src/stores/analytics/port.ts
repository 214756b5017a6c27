// Port: analytics. ClickHouse SQL over two engines (chDB in the engine process, ClickHouse by HTTP).

/** SQL with ClickHouse's {name:Type} placeholders and their values; made only by the `sql` tag in sql.ts. Settings stand only in the text's SETTINGS clause. */
export interface AnalyticsStatement {
  readonly text: string;
  readonly parameters: Readonly<Record<string, unknown>>;
}

export interface ReadLimits {
  /** Bounds the read in the engine itself (`max_execution_time`), in milliseconds. */
  timeoutMs?: number;
  /** Bounds the read's memory in the engine itself (`max_memory_usage`). */
  memoryBytes?: number;
  /** `writer`: run beside the inserts, where no read of a person can hold it up (the consumer's look-ups). Default `reader`. */
  lane?: 'reader' | 'writer';
}

export type FileFormat = 'JSONEachRow' | 'JSONArray' | 'CSVWithNames' | 'Parquet';

/** A file of a read's rows: instants as "2026-11-23 21:40:00.123456" in UTC, whole numbers and decimals as JSON numbers, nothing as an empty place in CSV. */
export interface AnalyticsFile {
  /** Absolute; where nothing is yet. */
  path: string;
  format: FileFormat;
  /** Whether the file is packed; Parquet packs itself. */
  gzip: boolean;
}

export interface Analytics {
  /** All rows of a read, decoded from JSONEachRow (64-bit integers and decimals as strings). @throws AppError 422 when it passes its limits, 503 when the store is away. */
  query<Row = Record<string, unknown>>(statement: AnalyticsStatement, limits?: ReadLimits): Promise<Row[]>;
  /** The same, row by row, for answers too large to hold. */
  stream<Row = Record<string, unknown>>(statement: AnalyticsStatement, limits?: ReadLimits): AsyncIterable<Row>;
  /** Writes all rows of a read into a file of this machine, within bounded memory. After an error nothing is left of it. @throws as `query`. */
  writeFile(statement: AnalyticsStatement, file: AnalyticsFile, limits?: ReadLimits): Promise<void>;
  /** Inserts rows (JSONEachRow objects, or one ready newline-separated Buffer) durably; the same non-empty `token` again is a no-op. */
  insert(table: string, rows: readonly object[] | Uint8Array, token: string): Promise<void>;
  /** DDL and other statements without a result; `reader`: one that takes long and that no insert may wait for. Default `writer`. */
  command(statement: AnalyticsStatement, lane?: 'reader' | 'writer'): Promise<void>;
  close(): Promise<void>;
}
