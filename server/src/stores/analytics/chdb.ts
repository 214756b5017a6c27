// Adapter: analytics on chDB, ClickHouse's engine inside this process (see docs/adr/0003 and DESIGN's list of its traps).
// The Session API is used and not @clickhouse/client's `connection` hook: it takes an insert's bytes without a copy through SQL text, and it cannot leak a session SET.
import { mkdirSync, writeFileSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Session } from 'chdb';
import { type Lanes, openLanes } from './lanes.ts';
import type { Analytics, AnalyticsFile, AnalyticsStatement, ReadLimits } from './port.ts';
import { boundedFile, boundedRead, decodeRows, encodeRows, engineError, engineFormat, insertSettings, type Operation, tableName } from './shared.ts';

export interface ChdbOptions {
  /** Folder of the engine's data; created when absent. One folder a process. */
  path: string;
  /** Bound of the whole engine in bytes; without it chDB takes 90 % of the machine. */
  maxMemoryBytes: number;
  /** Connections for reads; each serves one query at a time. */
  readers?: number;
  /** Reads that may wait for a connection before 503. */
  maxWaitingReads?: number;
  /** Names of skip indexes that small inserts leave to the merges: until then a read looks into those few rows themselves. */
  indexesByMerge?: readonly string[];
}

/** A round of the consumer at full speed is below it: its part is merged soon, and a read of it whole costs little. */
const SMALL_INSERT_BYTES = 8 * 1024 * 1024;

/** Two, so that one table's rows are made ready while another's wait for the disk. */
const WRITERS = 2;

/** One connection serves one query at a time: the writer's lanes are for inserts and the consumer's look-ups, so that no slow read of a person holds ingestion up. */
interface Engine {
  writer: Lanes<Session>;
  readers: Lanes<Session>;
  /** Files take long and are written one after the other; opened by the first. */
  files: () => Lanes<Session>;
}

/** Opens chDB. @throws AppError 503 when the folder cannot be opened (another process holds it, no space, package missing). */
export async function openChdb(options: ChdbOptions): Promise<Analytics> {
  const { Session: SessionClass, drainPending } = await import('chdb');
  mkdirSync(options.path, { recursive: true, mode: 0o700 });
  const connectionArgs = [`--config-file=${writeConfig(options)}`];
  const sessions: Session[] = [];
  try {
    for (let index = 0; index < WRITERS + (options.readers ?? 2); index += 1) sessions.push(new SessionClass(options.path, { connectionArgs }));
  } catch (error) {
    for (const session of sessions) session.close();
    throw engineError('command', undefined, error);
  }
  const engine: Engine = {
    writer: openLanes(sessions.slice(0, WRITERS), 256),
    readers: openLanes(sessions.slice(WRITERS), options.maxWaitingReads ?? 64),
    files: () => files(),
  };
  let fileLanes: Lanes<Session> | null = null;
  const files = (): Lanes<Session> => {
    if (fileLanes !== null) return fileLanes;
    const session = new SessionClass(options.path, { connectionArgs });
    sessions.push(session);
    fileLanes = openLanes([session], 16);
    return fileLanes;
  };
  let closing: Promise<void> | null = null;
  const leftToMerges = { exclude_materialize_skip_indexes_on_insert: (options.indexesByMerge ?? []).join(',') };

  return {
    query: (statement, limits) => query(engine, statement, limits),
    stream: (statement, limits) => stream(engine, statement, limits),
    writeFile: (statement, file, limits) => writeFile(engine, statement, file, limits),
    insert: async (table, rows, token) => {
      const values = encodeRows(rows);
      if (values.byteLength === 0) return;
      const settings = { ...insertSettings(token), ...(values.byteLength > SMALL_INSERT_BYTES ? {} : leftToMerges) };
      const request = { table: tableName(table), values, format: 'JSONEachRow' as const, settings };
      await engine.writer.run((session) => guarded('insert', session, () => session.insert(request)));
    },
    command: async (statement, lane) => {
      await (lane === 'reader' ? engine.readers : engine.writer).run((session) =>
        guarded('command', session, () => session.queryBindAsync(statement.text, { ...statement.parameters })),
      );
    },
    close: () => {
      closing ??= closeAll([engine.writer, engine.readers, ...(fileLanes === null ? [] : [fileLanes])], sessions, drainPending);
      return closing;
    },
  };
}

async function query<Row>(engine: Engine, statement: AnalyticsStatement, limits: ReadLimits | undefined): Promise<Row[]> {
  const lanes = limits?.lane === 'writer' ? engine.writer : engine.readers;
  const body = boundedRead(statement.text, limits);
  const result = await lanes.run((session) =>
    guarded('read', session, () => session.queryBindAsync(body, { ...statement.parameters }, { format: 'JSONEachRow' })),
  );
  return decodeRows<Row>(result.text());
}

async function* stream<Row>(engine: Engine, statement: AnalyticsStatement, limits: ReadLimits | undefined): AsyncIterable<Row> {
  const lane = await engine.readers.take();
  try {
    await emptied(lane.connection);
    const chunks = lane.connection.queryStreamBind(boundedRead(statement.text, limits), { ...statement.parameters }, { format: 'JSONEachRow' });
    for await (const chunk of chunks) yield* decodeRows<Row>(chunk.text());
  } catch (error) {
    failed.add(lane.connection);
    throw isEngineError(error) ? engineError('read', engineCode(error), error) : error;
  } finally {
    lane.release();
  }
}

/** The engine writes the file itself (its streams make every piece a file of its own); under the name that is asked for stands only a whole one. */
async function writeFile(engine: Engine, statement: AnalyticsStatement, { path, format, gzip }: AnalyticsFile, limits: ReadLimits | undefined): Promise<void> {
  const unfinished = `${path}.unfinished`;
  const target = `INSERT INTO FUNCTION file({filePath:String}, '${engineFormat(format)}', 'auto', '${gzip ? 'gzip' : 'none'}')`;
  const body = `${target} ${boundedFile(statement.text, format, limits)}`;
  try {
    await engine.files().run((session) => guarded('read', session, () => session.queryBindAsync(body, { ...statement.parameters, filePath: unfinished })));
    await rename(unfinished, path);
  } catch (error) {
    await rm(unfinished, { force: true });
    throw error;
  }
}

/** Connections whose last statement failed. What it had put out until then stays in the connection, and the engine would begin the next answer with it: rows of another project among somebody's own. */
const failed = new WeakSet<Session>();

/** Makes a connection's next answer its own. @throws what the engine throws; then the connection stays marked. */
async function emptied(session: Session): Promise<void> {
  if (!failed.has(session)) return;
  await session.queryBindAsync('SELECT 1', {}, { format: 'JSONEachRow' });
  failed.delete(session);
}

async function guarded<Result>(operation: Operation, session: Session, work: () => Promise<Result>): Promise<Result> {
  try {
    await emptied(session);
    return await work();
  } catch (error) {
    failed.add(session);
    if (isEngineError(error)) throw engineError(operation, engineCode(error), error);
    throw error;
  }
}

function isEngineError(error: unknown): error is Error & { clickhouseCode?: number } {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' && error.code.startsWith('CHDB_');
}

/** Errors of streams carry the engine's number in their message only. */
function engineCode(error: Error & { clickhouseCode?: number }): number | undefined {
  const code = error.clickhouseCode ?? Number(/Code: (\d+)\. /.exec(error.message)?.[1]);
  return Number.isInteger(code) ? code : undefined;
}

/** Closing a session with a query in flight aborts the process, so everything in flight ends first. */
async function closeAll(lanes: readonly Lanes<Session>[], sessions: readonly Session[], drainPending: () => Promise<void>): Promise<void> {
  await Promise.all(lanes.map((one) => one.drain()));
  await drainPending();
  for (const session of sessions) session.close();
  await drainPending();
}

/** Server settings can only come from a file: memory bound, small caches, few background threads. */
function writeConfig(options: ChdbOptions): string {
  const file = `${options.path}.config.xml`;
  mkdirSync(dirname(file), { recursive: true });
  const values: Record<string, number> = {
    max_server_memory_usage: options.maxMemoryBytes,
    mark_cache_size: 64 * 1024 * 1024,
    index_mark_cache_size: 16 * 1024 * 1024,
    primary_index_cache_size: 64 * 1024 * 1024,
    uncompressed_cache_size: 0,
    mmap_cache_size: 0,
    compiled_expression_cache_size: 16 * 1024 * 1024,
    query_condition_cache_size: 8 * 1024 * 1024,
    background_pool_size: 2,
    background_schedule_pool_size: 4,
    // Merges give way to whoever waits for an answer. The engine asks for the right to it first: without CAP_SYS_NICE (root has it) nothing changes.
    os_threads_nice_value_merge_mutate: 5,
    max_concurrent_queries: 32,
  };
  const lines = Object.entries(values).map(([name, value]) => `  <${name}>${value}</${name}>`);
  writeFileSync(file, `<clickhouse>\n${lines.join('\n')}\n${MERGES}\n</clickhouse>\n`, { mode: 0o600 });
  return file;
}

/** Ten parts of a size become one instead of five: a row is written again half as often, and a table has twice as many small parts. */
const MERGES = '  <merge_tree><merge_selector_base>10</merge_selector_base></merge_tree>';
