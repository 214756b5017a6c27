// Console login: sessions are checked here; signing in and changing a password is better-auth's work, in a process that exists only while it is needed.
import { createHmac } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { PlainRequest } from './login-messages.ts';
import { LoginProcess } from './login-process.ts';
import { loginRecords } from './login-records.ts';
import type { Principal, UserRole } from './principal.ts';
import { isSameOrigin } from './same-origin.ts';
import { sessionCookieName, signedToken } from './session-cookie.ts';

/** What of the library is mounted, below /api/auth. */
const MOUNTED: Readonly<Record<string, string>> = {
  '/api/auth/sign-in/email': 'POST',
  '/api/auth/sign-out': 'POST',
  '/api/auth/change-password': 'POST',
  '/api/auth/get-session': 'GET',
};
const CHANGE_PASSWORD = '/api/auth/change-password';
const LARGEST_BODY_BYTES = 16_384;

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

type UserPrincipal = Extract<Principal, { kind: 'user' }>;

export interface Login {
  /**
   * Answers /api/auth/{sign-in/email, sign-out, change-password, get-session}. `clientAddress` is the socket's (or the trusted proxy's) word.
   * @throws AppError 403 for an unsafe request of another origin, 404 for another path, 413 for a large body, 503 when the records are away.
   */
  handle(request: Request, clientAddress: string | null): Promise<Response>;
  /** The person whose session cookie this is, else null: one statement, no library. @throws AppError 503 when the records are away. */
  sessionPrincipal(headers: Headers): Promise<UserPrincipal | null>;
  /** Ends the library's process, if there is one. */
  close(): Promise<void>;
}

/** Makes the login. */
export function createLogin(options: LoginOptions): Login {
  const { records, secureCookies } = options;
  // A key of its own for cookies, so that the instance secret itself signs nothing.
  const secret = createHmac('sha256', options.instanceSecret).update('login cookies').digest('base64url');
  const library = new LoginProcess({ secret, secureCookies, attemptsPerMinute: options.attemptsPerMinute ?? 10 }, loginRecords(records));
  const cookieName = sessionCookieName(secureCookies);

  const sessionPrincipal = async (headers: Headers): Promise<UserPrincipal | null> => {
    const token = signedToken(headers.get('cookie'), cookieName, secret);
    return token === null ? null : await personOfSession(records, token);
  };

  const handle = async (request: Request, clientAddress: string | null): Promise<Response> => {
    const { pathname } = new URL(request.url);
    checkRequest(request, pathname);
    const plain = await toPlain(request, clientAddress);
    if (pathname !== CHANGE_PASSWORD) return await ask(library, records, plain);
    const person = await sessionPrincipal(request.headers);
    refuseSamePassword(plain);
    const response = await ask(library, records, plain);
    if (response.ok && person) {
      await records.query(sql`UPDATE users SET must_change_password = false, updated_at = now() WHERE id = ${person.userId}`);
      options.onPasswordChanged?.(person.email);
    }
    return response;
  };

  return { handle, sessionPrincipal, close: () => library.close() };
}

function checkRequest(request: Request, pathname: string): void {
  const { method, headers } = request;
  if (!Object.hasOwn(MOUNTED, pathname) || MOUNTED[pathname] !== method) throw new AppError('There is no such page.', { status: 404, code: 'not_found' });
  if (!isSameOrigin({ method, origin: headers.get('origin'), host: headers.get('host') ?? new URL(request.url).host })) {
    throw new AppError('The request comes from another site; open the console itself.', { status: 403, code: 'wrong_origin' });
  }
}

async function ask(library: LoginProcess, records: Records, request: PlainRequest): Promise<Response> {
  const asked = library.ask(request);
  if (!asked)
    throw new AppError('Too many people sign in at this moment; try again in a few seconds.', { status: 503, code: 'login_busy', retryAfterSeconds: 2 });
  try {
    const { status, headers, body } = await asked;
    return new Response(body.length === 0 ? null : new Uint8Array(body), { status, headers });
  } catch (error) {
    // The library hides why its records failed; when the store is away, asking it once more says so.
    await records.query(sql`SELECT 1`);
    throw error;
  }
}

/** The request with an address header that only we can set. */
async function toPlain(request: Request, clientAddress: string | null): Promise<PlainRequest> {
  const headers = new Headers(request.headers);
  headers.set('x-genai-client-address', clientAddress ?? '127.0.0.1');
  const body = request.method === 'GET' ? null : new Uint8Array(await request.arrayBuffer());
  if (body && body.length > LARGEST_BODY_BYTES) throw new AppError('The request is too large for a login.', { status: 413, code: 'too_large' });
  return { url: request.url, method: request.method, headers: [...headers], body };
}

function refuseSamePassword(request: PlainRequest): void {
  let body: { currentPassword?: unknown; newPassword?: unknown } | null = null;
  try {
    body = JSON.parse(new TextDecoder().decode(request.body ?? new Uint8Array()));
  } catch {
    // The library answers broken JSON.
  }
  if (body && typeof body.newPassword === 'string' && body.newPassword === body.currentPassword) {
    throw new AppError('The new password is the old one; choose another.', { status: 400, code: 'same_password' });
  }
}

/** A person without a membership has no role and so no session; of several roles the highest counts. */
async function personOfSession(records: Records, token: string): Promise<UserPrincipal | null> {
  const [row] = await records.query<{ id: string; email: string; name: string; must_change_password: boolean; role: UserRole | null }>(sql`
    SELECT u.id, u.email, u.name, u.must_change_password,
      (SELECT m.role FROM memberships m WHERE m.user_id = u.id ORDER BY array_position(ARRAY['admin','member','viewer'], m.role) LIMIT 1) AS role
    FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.token = ${token} AND s.expires_at > now()`);
  if (!row?.role) return null;
  return { kind: 'user', userId: row.id, email: row.email, name: row.name, role: row.role, mustChangePassword: row.must_change_password };
}
