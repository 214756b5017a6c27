// How the front has the engine write files for scheduled exports: GET /export/first and POST /export on engine.sock, and the client of these.
import { randomUUID } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import type { Pool } from 'undici';
import { z } from 'zod';
import { AppError } from '#lib/errors.ts';
import type { ExportEngine } from '#observe/blob-export/runner.ts';
import { EXPORT_TABLES, FIELD_GROUPS, FILE_TYPES, type FileType } from '#observe/blob-export/schema.ts';
import { anyStatement, exportStatement, firstStatement } from '#observe/blob-export/statement.ts';
import type { Analytics, FileFormat } from '#stores/analytics/port.ts';

/** A window may take long to read. */
const TIMEOUT_MS = 1_800_000;
/** A share of the engine's own bound: ingestion and people's reads go on beside it. */
const LIMITS = { timeoutMs: TIMEOUT_MS, memoryBytes: 384 * 1024 * 1024 };
const FORMATS: Readonly<Record<FileType, FileFormat>> = { JSON: 'JSONArray', JSONL: 'JSONEachRow', CSV: 'CSVWithNames', PARQUET: 'Parquet' };
const DAY_MS = 86_400_000;
/** As far as an instant of the store goes. */
const LAST_MS = Date.UTC(2200, 0, 1);

const ms = z.coerce.number().int().min(0).max(LAST_MS);
const asked = z.object({
  projectId: z.string(),
  table: z.enum(EXPORT_TABLES),
  fromMs: ms,
  toMs: ms,
  fileType: z.enum(FILE_TYPES),
  packed: z.stringbool(),
  groups: z.string().transform((text) => z.array(z.enum(FIELD_GROUPS)).parse(text.split(','))),
});

/** The engine's side over a folder that is its own; what a killed one left in it goes. */
export function exportsInEngine(analytics: Analytics, folder: string): ExportEngine {
  rmSync(folder, { recursive: true, force: true });
  return {
    async first(projectId, fromMs) {
      const range = { from: new Date(fromMs), to: new Date(Date.now() + 2 * DAY_MS) };
      const [row] = await analytics.query<{ at: string | null }>(firstStatement(projectId, range), LIMITS);
      return row?.at == null ? null : Number(row.at);
    },
    async write({ fromMs, toMs, packed, ...rest }) {
      const request = { ...rest, range: { from: new Date(fromMs), to: new Date(toMs) } };
      if ((await analytics.query(anyStatement(request), LIMITS)).length === 0) return null;
      mkdirSync(folder, { recursive: true, mode: 0o700 });
      const path = join(folder, randomUUID());
      try {
        await analytics.writeFile(exportStatement(request), { format: FORMATS[request.fileType], path, gzip: packed }, LIMITS);
        return path;
      } catch (error) {
        throw error instanceof AppError && error.code === 'query_limit_exceeded' ? tooLarge(error) : error;
      }
    },
  };
}

function tooLarge(cause: AppError): AppError {
  return new AppError('A window of the export holds more than may be read at once: let it run more often, then its windows are smaller.', {
    status: 422,
    code: 'export_window_too_large',
    cause,
  });
}

/** Answers one request under /export; never throws. */
export async function answerExport(engine: ExportEngine, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://engine');
  const query = Object.fromEntries(url.searchParams);
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const isFirst = url.pathname === '/export/first';
    const value = isFirst ? await engine.first(String(query.projectId), ms.parse(query.fromMs)) : await engine.write(asked.parse(query), gone.signal);
    // Nobody is left who would remove it.
    if (gone.signal.aborted && typeof value === 'string') await rm(value, { force: true });
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ value }));
  } catch (error) {
    const status = error instanceof AppError ? error.status : 500;
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify({ message: (error as Error).message }));
  }
}

/** The same through the engine's socket. @throws AppError 503 when the engine is away or ends in the middle. */
export function exportsThroughEngine(pool: Pool): ExportEngine {
  const ask = async (method: 'GET' | 'POST', path: string, query: Record<string, string>, signal?: AbortSignal): Promise<unknown> => {
    try {
      const answer = await pool.request({
        method,
        path: `${path}?${new URLSearchParams(query)}`,
        headersTimeout: TIMEOUT_MS,
        bodyTimeout: TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
      });
      const body = (await answer.body.json()) as { value?: unknown; message?: string };
      if (answer.statusCode < 300) return body.value;
      throw new AppError(body.message ?? '', { status: answer.statusCode, code: 'export_failed' });
    } catch (error) {
      if (error instanceof AppError || signal?.aborted) throw error;
      throw new AppError('The analytics engine is away: the export goes on when it is back.', { status: 503, code: 'ServiceUnavailableError', cause: error });
    }
  };
  return {
    first: async (projectId, fromMs) => (await ask('GET', '/export/first', { projectId, fromMs: String(fromMs) })) as number | null,
    write: async ({ groups, fromMs, toMs, packed, ...rest }, signal) =>
      (await ask('POST', '/export', { ...rest, fromMs: String(fromMs), toMs: String(toMs), packed: String(packed), groups: groups.join(',') }, signal)) as
        | string
        | null,
  };
}
