// The calls to compare: lines of a file, or the newest calls of the running platform's own log.
import { readFileSync } from 'node:fs';
import { call } from '#http.ts';

export interface ComparedRequest {
  /** For the report: `3 chat gpt-4o`. */
  name: string;
  method: string;
  path: string;
  body: unknown;
}

/** A file of JSON lines: a chat body as it is, or {"path": …, "method": …, "body": …}. @throws Error naming the line that is none. */
export function requestsOfFile(file: string): ComparedRequest[] {
  const lines = readFileSync(file, 'utf8').split('\n');
  return lines.flatMap((line, index) => (line.trim() === '' ? [] : [requestOf(line, index + 1)]));
}

function requestOf(line: string, number: number): ComparedRequest {
  let parsed: unknown;
  try {
    parsed = JSON.parse(line);
  } catch {
    throw new Error(`line ${number} is no JSON`);
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error(`line ${number} is no object`);
  const { path, method, body } = parsed as { path?: unknown; method?: unknown; body?: unknown };
  if (typeof path !== 'string') return named(number, { method: 'POST', path: '/v1/chat/completions', body: parsed });
  if (!path.startsWith('/')) throw new Error(`line ${number}: "path" begins with /`);
  return named(number, { method: typeof method === 'string' ? method : body === undefined ? 'GET' : 'POST', path, body });
}

function named(number: number, request: Omit<ComparedRequest, 'name'>): ComparedRequest {
  const model = (request.body as { model?: unknown } | undefined)?.model;
  return { name: `${number} ${request.path}${typeof model === 'string' ? ` ${model}` : ''}`, ...request };
}

/** Endpoints of the log whose body can be put together again from what is stored. */
const PATHS: Readonly<Record<string, { path: string; input: string }>> = {
  chat: { path: '/v1/chat/completions', input: 'messages' },
  completions: { path: '/v1/completions', input: 'prompt' },
  embeddings: { path: '/v1/embeddings', input: 'input' },
  messages: { path: '/v1/messages', input: 'messages' },
  responses: { path: '/v1/responses', input: 'input' },
};

interface StoredCall {
  input: unknown;
  modelParameters: Record<string, unknown> | null;
  metadata: { gateway?: { model?: string; endpoint?: string; content?: string } } | null;
}

export interface Log {
  requests: ComparedRequest[];
  /** Calls of the log whose content was not kept, or that cannot be put together again. */
  without: number;
}

/** The newest gateway calls of a project, with the content that was kept. @throws Unreachable, Error when the log refuses. */
export async function requestsOfLog(observe: { url: string; publicKey: string; secretKey: string }, count: number): Promise<Log> {
  const authorization = `Basic ${Buffer.from(`${observe.publicKey}:${observe.secretKey}`).toString('base64')}`;
  const log: Log = { requests: [], without: 0 };
  for (let page = 1; log.requests.length < count; page += 1) {
    const answer = await call(`${observe.url}/api/public/observations?limit=100&page=${page}`, { headers: { authorization } });
    const data = (answer.json as { data?: StoredCall[] } | undefined)?.data;
    if (answer.status !== 200 || data === undefined) throw new Error(`the log answered ${answer.status}: ${answer.text.slice(0, 200)}`);
    for (const stored of data) takeCall(log, stored, count);
    if (data.length < 100) break;
  }
  return log;
}

function takeCall(log: Log, { input, modelParameters, metadata }: StoredCall, count: number): void {
  const gateway = metadata?.gateway;
  if (gateway?.model === undefined || log.requests.length >= count) return;
  const place = PATHS[gateway.endpoint ?? ''];
  if (place === undefined || input === null || input === undefined) {
    log.without += 1;
    return;
  }
  // With tools or a system's words beside it the input is stored as an object of members.
  const asked = typeof input === 'object' && !Array.isArray(input) && place.input in input ? (input as Record<string, unknown>) : { [place.input]: input };
  const body = { model: gateway.model, ...asked, ...modelParameters };
  log.requests.push(named(log.requests.length + 1, { method: 'POST', path: place.path, body }));
}
