// Console login with better-auth (email and password, sessions in cookies), loaded on the first use so that a gateway without people stays small.
import { createHmac } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { createAuth } from './login-library.ts';
import type { Principal, UserRole } from './principal.ts';
import { isSameOrigin } from './same-origin.ts';

/** What of the library is mounted, below /api/auth. */
const MOUNTED: Readonly<Record<string, string>> = {
  '/api/auth/sign-in/email': 'POST',
  '/api/auth/sign-out': 'POST',
  '/api/auth/change-password': 'POST',
  '/api/auth/get-session': 'GET',
};
const CHANGE_PASSWORD = '/api/auth/change-password';
const COOKIE_NAME = 'genai.session_token';

export interface LoginOptions {
  records: Records;
  /** The instance secret; sessions end when it changes. */
  instanceSecret: Buffer;
  /** True when people reach the console by https: cookies get Secure and the __Secure- prefix. */
  secureCookies: boolean;
  /** Told after somebody changed a password (dropStoredPassword). */
  onPasswordChanged?: (email: string) => void;
  /** Sign-in attempts a client address may make a minute; default 10. */
  attemptsPerMinute?: number;
}

export type UserPrincipal = Extract<Principal, { kind: 'user' }>;

export interface Login {
  /**
   * Answers /api/auth/{sign-in/email, sign-out, change-password, get-session}. `clientAddress` is the socket's (or the trusted proxy's) word.
   * @throws AppError 403 for an unsafe request of another origin, 404 for another path, 503 when the records are away.
   */
  handle(request: Request, clientAddress: string | null): Promise<Response>;
  /** The person whose session cookie this is, else null. @throws AppError 503 when the records are away. */
  sessionPrincipal(headers: Headers): Promise<UserPrincipal | null>;
}

/** Makes the login; nothing is loaded before the first request with a session cookie or the first sign-in. */
export function createLogin(options: LoginOptions): Login {
  let loading: Promise<ReturnType<typeof createAuth>> | null = null;
  const library = (): Promise<ReturnType<typeof createAuth>> => {
    loading ??= import('./login-library.ts').then((module) =>
      module.createAuth({
        records: options.records,
        // A key of its own for cookies, so that the instance secret itself signs nothing.
        secret: createHmac('sha256', options.instanceSecret).update('login cookies').digest('base64url'),
        secureCookies: options.secureCookies,
        attemptsPerMinute: options.attemptsPerMinute ?? 10,
      }),
    );
    return loading;
  };

  const sessionPrincipal = async (headers: Headers): Promise<UserPrincipal | null> => {
    if (!headers.get('cookie')?.includes(COOKIE_NAME)) return null;
    const auth = await library();
    const onlyCookie = new Headers({ cookie: headers.get('cookie') ?? '' });
    const session = await auth.api.getSession({ headers: onlyCookie }).catch((error: unknown) => unhide(options.records, error));
    return session ? await loadPerson(options.records, session.user.id) : null;
  };

  const handle = async (request: Request, clientAddress: string | null): Promise<Response> => {
    const { pathname } = new URL(request.url);
    if (MOUNTED[pathname] !== request.method) throw new AppError('There is no such page.', { status: 404, code: 'not_found' });
    const { method, headers } = request;
    if (!isSameOrigin({ method, origin: headers.get('origin'), host: headers.get('host') ?? new URL(request.url).host })) {
      throw new AppError('The request comes from another site; open the console itself.', { status: 403, code: 'wrong_origin' });
    }
    const auth = await library();
    if (pathname !== CHANGE_PASSWORD) return await answer(auth, options.records, await forLibrary(request, clientAddress));
    const person = await sessionPrincipal(headers);
    await refuseSamePassword(request);
    const response = await answer(auth, options.records, await forLibrary(request, clientAddress));
    if (response.ok && person) {
      await options.records.query(sql`UPDATE users SET must_change_password = false, updated_at = now() WHERE id = ${person.userId}`);
      options.onPasswordChanged?.(person.email);
    }
    return response;
  };

  return { handle, sessionPrincipal };
}

/** The library's answer; its own errors (a wrong password, a short one) become `{"code", "message"}` with their status, all others pass. */
async function answer(auth: ReturnType<typeof createAuth>, records: Records, request: Request): Promise<Response> {
  try {
    return await auth.handler(request);
  } catch (error) {
    const { statusCode, body } = error as { statusCode?: unknown; body?: { code?: unknown; message?: unknown } };
    if (typeof statusCode !== 'number' || statusCode >= 500) return await unhide(records, error);
    return Response.json({ code: body?.code ?? 'login_error', message: body?.message ?? 'The request was refused.' }, { status: statusCode });
  }
}

/** The library hides why its records failed behind a 500; when the store is away, asking it once more says so. */
async function unhide(records: Records, error: unknown): Promise<never> {
  if (!(error instanceof AppError)) await records.query(sql`SELECT 1`);
  throw error;
}

/** The request with an address header that only we can set. */
async function forLibrary(request: Request, clientAddress: string | null): Promise<Request> {
  const headers = new Headers(request.headers);
  headers.set('x-genai-client-address', clientAddress ?? '127.0.0.1');
  const body = request.method === 'GET' ? null : await request.arrayBuffer();
  return new Request(request.url, { method: request.method, headers, body });
}

async function refuseSamePassword(request: Request): Promise<void> {
  const body = (await request
    .clone()
    .json()
    .catch(() => null)) as { currentPassword?: unknown; newPassword?: unknown } | null;
  if (body && typeof body.newPassword === 'string' && body.newPassword === body.currentPassword) {
    throw new AppError('The new password is the old one; choose another.', { status: 400, code: 'same_password' });
  }
}

async function loadPerson(records: Records, userId: string): Promise<UserPrincipal | null> {
  const [row] = await records.query<{ id: string; email: string; name: string; must_change_password: boolean; role: UserRole | null }>(sql`
    SELECT u.id, u.email, u.name, u.must_change_password,
      (SELECT m.role FROM memberships m WHERE m.user_id = u.id ORDER BY array_position(ARRAY['admin','member','viewer'], m.role) LIMIT 1) AS role
    FROM users u WHERE u.id = ${userId}`);
  if (!row?.role) return null;
  return { kind: 'user', userId: row.id, email: row.email, name: row.name, role: row.role, mustChangePassword: row.must_change_password };
}
