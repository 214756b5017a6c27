// The one fetch function of the console: same origin, session cookie, JSON both ways, every dialect's error as one ApiError.

/** An answer that is not 2xx, or no answer (status 0). `message` is the server's own sentence. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly retryAfterSeconds: number | null;

  constructor(message: string, options: { status: number; code: string; retryAfterSeconds?: number | null }) {
    super(message);
    this.name = 'ApiError';
    this.status = options.status;
    this.code = options.code;
    this.retryAfterSeconds = options.retryAfterSeconds ?? null;
  }
}

export interface ApiRequest {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** The project in which a route of /api/public is used, as with the project's own key. */
  projectId?: string;
  /** Query parameters; undefined and empty ones are left out. */
  query?: Record<string, string | number | undefined>;
  body?: unknown;
  signal?: AbortSignal | undefined;
}

/**
 * Calls the platform and returns the parsed JSON body.
 * @throws ApiError with the server's message; the AbortError of an aborted call passes through.
 */
export async function api<Result>(path: string, request: ApiRequest = {}): Promise<Result> {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(request.query ?? {})) if (value !== undefined && value !== '') parameters.set(name, String(value));
  const query = parameters.size > 0 ? `?${parameters}` : '';
  let response: Response;
  try {
    response = await fetch(`${path}${query}`, {
      method: request.method ?? 'GET',
      credentials: 'same-origin',
      headers: headersOf(request),
      ...(request.body === undefined ? {} : { body: JSON.stringify(request.body) }),
      ...(request.signal ? { signal: request.signal } : {}),
    });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError('', { status: 0, code: 'unreachable' });
  }
  const text = await response.text();
  const body = parseJson(text);
  if (!response.ok) throw errorOf(response.status, body, response.headers.get('retry-after'));
  return body as Result;
}

function headersOf({ body, projectId }: ApiRequest): Record<string, string> {
  return {
    accept: 'application/json',
    ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(projectId === undefined ? {} : { 'x-genai-project': projectId }),
  };
}

function parseJson(text: string): unknown {
  if (text === '') return null;
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** Reads the message and code from console, LiteLLM/OpenAI ({error: {message, code}}), Langfuse and login ({message, code}) envelopes. */
export function errorOf(status: number, body: unknown, retryAfter: string | null = null): ApiError {
  const outer = asRecord(body);
  const inner = typeof outer.error === 'object' && outer.error !== null ? asRecord(outer.error) : outer;
  const candidates = [inner.message, outer.message, outer.error, outer.detail];
  const message = candidates.find((value): value is string => typeof value === 'string' && value !== '') ?? '';
  const code = [inner.code, inner.type, outer.code].find((value): value is string => typeof value === 'string' && value !== '') ?? `http_${status}`;
  const seconds = retryAfter === null ? Number.NaN : Number(retryAfter);
  return new ApiError(message, { status, code, retryAfterSeconds: Number.isFinite(seconds) ? seconds : null });
}

function asRecord(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}
