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

export interface Analytics {
  /** All rows of a read, decoded from JSONEachRow (64-bit integers and decimals as strings). @throws AppError 422 when it passes its limits, 503 when the store is away. */
  query<Row = Record<string, unknown>>(statement: AnalyticsStatement, limits?: ReadLimits): Promise<Row[]>;
  /** The same, row by row, for answers too large to hold. */
  stream<Row = Record<string, unknown>>(statement: AnalyticsStatement, limits?: ReadLimits): AsyncIterable<Row>;
  /** Inserts rows (JSONEachRow objects, or one ready newline-separated Buffer) durably; the same non-empty `token` again is a no-op. */
  insert(table: string, rows: readonly object[] | Uint8Array, token: string): Promise<void>;
  /** DDL and other statements without a result. */
  command(statement: AnalyticsStatement): Promise<void>;
  close(): Promise<void>;
}
