// Adapter: analytics on a ClickHouse server over HTTP(S). Settings stand in the text's SETTINGS clause only, as with chDB, so that both engines run the same statements.
import { createWriteStream } from 'node:fs';
import { rm } from 'node:fs/promises';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import { ClickHouseError, createClient } from '@clickhouse/client';
import { openLanes } from './lanes.ts';
import type { Analytics, AnalyticsFile, AnalyticsStatement, ReadLimits } from './port.ts';
import {
  awayError,
  boundedFile,
  boundedRead,
  DEFAULT_TIMEOUT_MS,
  encodeRows,
  engineError,
  engineFormat,
  insertSettings,
  type Operation,
  tableName,
} from './shared.ts';
import { withSettings } from './sql.ts';

export interface ClickhouseOptions {
  /** http(s)://host:port */
  url: string;
  user: string;
  password: string;
  database: string;
  /** Calls to the server at once. */
  maxConnections?: number;
  /** Calls that may wait for a connection before 503. */
  maxWaiting?: number;
}

type Client = ReturnType<typeof createClient>;
/** The network's share on top of a read's own bound. */
const NETWORK_GRACE_MS = 5_000;
const WRITE_TIMEOUT_MS = 120_000;

/** Connects to a ClickHouse server; the first statement is the first that meets the network. */
export function openClickhouse(options: ClickhouseOptions): Analytics {
  const maxConnections = options.maxConnections ?? 10;
  const client = createClient({
    url: options.url,
    username: options.user,
    password: options.password,
    database: options.database,
    request_timeout: WRITE_TIMEOUT_MS,
    max_open_connections: maxConnections,
    application: 'genai-platform',
    log: { level: 127 },
  });
  const lanes = openLanes<Client>(new Array<Client>(maxConnections).fill(client), options.maxWaiting ?? 64);
  let closing: Promise<void> | null = null;

  return {
    query: async <Row>(statement: AnalyticsStatement, limits?: ReadLimits) =>
      await lanes.run(() =>
        guarded('read', async () => {
          const result = await client.query({ ...readRequest(statement, limits), abort_signal: deadline(limits) });
          return await result.json<Row>();
        }),
      ),
    stream: (statement, limits) => stream(client, lanes.take, statement, limits),
    writeFile: (statement, file, limits) => lanes.run(() => writeFile(client, statement, file, limits)),
    insert: async (table, rows, token) => {
      const body = encodeRows(rows);
      if (body.byteLength === 0) return;
      const text = `${withSettings(`INSERT INTO ${tableName(table)}`, insertSettings(token))} FORMAT JSONEachRow`;
      await lanes.run(() =>
        guarded('insert', async () => (await client.exec({ query: text, values: Readable.from([body], { objectMode: false }) })).stream.destroy()),
      );
    },
    command: async (statement) => {
      await lanes.run(() => guarded('command', () => client.command({ query: statement.text, query_params: { ...statement.parameters } })));
    },
    close: () => {
      closing ??= lanes.drain().then(() => client.close());
      return closing;
    },
  };
}

function readRequest(statement: AnalyticsStatement, limits: ReadLimits | undefined) {
  return { query: boundedRead(statement.text, limits), query_params: { ...statement.parameters }, format: 'JSONEachRow' as const };
}

function deadline(limits: ReadLimits | undefined): AbortSignal {
  return AbortSignal.timeout((limits?.timeoutMs ?? DEFAULT_TIMEOUT_MS) + NETWORK_GRACE_MS);
}

async function* stream<Row>(
  client: Client,
  take: () => Promise<{ release: () => void }>,
  statement: AnalyticsStatement,
  limits: ReadLimits | undefined,
): AsyncIterable<Row> {
  const lane = await take();
  try {
    const result = await guarded('read', () => client.query({ ...readRequest(statement, limits), abort_signal: deadline(limits) }));
    for await (const rows of result.stream<Row>()) for (const row of rows) yield row.json() as Row;
  } catch (error) {
    throw mapped('read', error);
  } finally {
    lane.release();
  }
}

async function writeFile(client: Client, statement: AnalyticsStatement, { path, format, gzip }: AnalyticsFile, limits: ReadLimits | undefined): Promise<void> {
  const query = `${boundedFile(statement.text, format, limits)} FORMAT ${engineFormat(format)}`;
  try {
    await guarded('read', async () => {
      const { stream: answer } = await client.exec({ query, query_params: { ...statement.parameters }, abort_signal: deadline(limits) });
      await pipeline(answer, withoutException, gzip ? createGzip() : new PassThrough(), createWriteStream(path, { mode: 0o600 }));
    });
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
}

/** How a server ends an answer that broke off after it had begun; rows in any format end otherwise. */
const EXCEPTION = /Code: (\d+)\. DB::Exception: [^\n]*(?:\n\S* ?__exception__\r?\n?)?\n?$/;
const TAIL_BYTES = 4_096;

/** The same bytes. @throws the engine's error when they end with one. */
async function* withoutException(answer: AsyncIterable<Buffer>): AsyncIterable<Buffer> {
  let tail = Buffer.alloc(0);
  for await (const chunk of answer) {
    tail = Buffer.concat([tail, chunk.subarray(-TAIL_BYTES)]).subarray(-TAIL_BYTES);
    yield chunk;
  }
  const code = EXCEPTION.exec(tail.toString('latin1'))?.[1];
  if (code !== undefined) throw new ClickHouseError({ message: 'the answer broke off', code });
}

async function guarded<Result>(operation: Operation, work: () => Promise<Result>): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw mapped(operation, error);
  }
}

function mapped(operation: Operation, error: unknown): unknown {
  if (error instanceof ClickHouseError) return engineError(operation, Number(error.code), error);
  if (error instanceof Error && (error.name === 'AppError' || error instanceof TypeError || error instanceof RangeError)) return error;
  return awayError(error);
}
