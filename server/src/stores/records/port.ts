// Port: records. Small, relational, transactional facts (keys, projects, ledger, positions) in PostgreSQL; one dialect for the embedded server and any URL.

/** SQL text with $n placeholders and its bound values; made only by the `sql` tag in sql.ts. */
export interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Runs statements; rows come back as plain objects with snake_case columns (bigint and numeric as strings, timestamptz as Date, jsonb parsed). */
export interface RecordsSession {
  query<Row = Record<string, unknown>>(statement: Statement): Promise<Row[]>;
}

export interface Records extends RecordsSession {
  /** Runs `work` in one transaction: commits when it resolves, rolls back when it rejects. */
  transaction<Result>(work: (session: RecordsSession) => Promise<Result>): Promise<Result>;
  /** Calls `handler` for each NOTIFY on `channel`, reconnecting by itself; `onGap` runs after a reconnect, when messages may have been missed. */
  listen(channel: string, handler: (payload: string) => void, onGap: () => void): Promise<() => Promise<void>>;
  /** True when the server answers within `timeoutMs`. */
  ping(timeoutMs: number): Promise<boolean>;
  close(): Promise<void>;
}
