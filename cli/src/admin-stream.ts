// One long request to the running process over admin.sock, answered line by line: what it says on the way, then its report or why there is none.
import { request } from 'node:http';
import { createInterface } from 'node:readline';
import type { CommandContext } from '#command.ts';
import { type LocalFlags, localAdminSocket } from '#local.ts';

/** How the system says that nobody listens. */
const ABSENT = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'];

/** What the process answered at the end. */
export type StreamEnd = { kind: 'report'; report: unknown } | { kind: 'error'; code: string; message: string } | { kind: 'not-running' };

/** Posts `body` and hears every line. Resolves when the answer has ended; a connection that breaks before is an error. */
export function streamAdmin(socketPath: string, path: string, body: unknown, onProgress: (progress: Record<string, unknown>) => void): Promise<StreamEnd> {
  return new Promise((resolve, reject) => {
    const text = JSON.stringify(body);
    const headers = { host: 'admin', 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const outgoing = request({ socketPath, method: 'POST', path, headers }, (response) => {
      let end: StreamEnd | null = null;
      const reader = createInterface({ input: response, crlfDelay: Number.POSITIVE_INFINITY });
      reader.on('line', (line) => {
        const said = JSON.parse(line) as { progress?: Record<string, unknown>; report?: unknown; error?: { code?: string; message?: string } };
        if (said.progress !== undefined) onProgress(said.progress);
        if (said.report !== undefined) end = { kind: 'report', report: said.report };
        if (said.error !== undefined) end = { kind: 'error', code: String(said.error.code ?? ''), message: String(said.error.message ?? '') };
      });
      reader.on('close', () =>
        end === null ? reject(new Error(`the running process ended before it had answered (status ${response.statusCode})`)) : resolve(end),
      );
      response.on('error', reject);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => (ABSENT.includes(error.code ?? '') ? resolve({ kind: 'not-running' }) : reject(error)));
    outgoing.end(text);
  });
}

/** The same for a verb: shows the progress, says what went wrong; null after saying it. */
export async function reportOf<Report>(context: CommandContext, flags: LocalFlags, request_: { path: string; body: unknown }): Promise<Report | null> {
  const { io } = context;
  const { dataDir, socketPath } = localAdminSocket(context, flags);
  const end = await streamAdmin(socketPath, request_.path, request_.body, ({ kind, done, total }) => {
    const percent = Number(total) > 0 ? (100 * Number(done)) / Number(total) : 100;
    io.progress(percent, `${String(kind)} ${String(done)} / ${String(total)}`);
  });
  if (end.kind === 'report') return end.report as Report;
  if (end.kind === 'not-running') io.notify('takeover.not-running', { dataDir });
  else io.notify('takeover.failed', { reason: end.message, code: end.code });
  return null;
}

/** One short question with a body; null when none runs. */
export function askAdmin(
  socketPath: string,
  { method, path, body }: { method: string; path: string; body?: unknown },
): Promise<{ status: number; json: unknown } | null> {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { host: 'admin', 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) };
    const outgoing = request({ socketPath, method, path, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const answer = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, json: answer === '' ? undefined : JSON.parse(answer) });
      });
      response.on('error', reject);
    });
    outgoing.on('error', (error: NodeJS.ErrnoException) => (ABSENT.includes(error.code ?? '') ? resolve(null) : reject(error)));
    outgoing.end(text);
  });
}
