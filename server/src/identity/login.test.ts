// Console login on the embedded PostgreSQL: sign-in, cookies, sessions, the first password, other origins, too many attempts, the store away.
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sql } from '#stores/records/sql.ts';
import { startTestRecords, type TestRecords } from '#stores/records/test-records.ts';
import { bootstrap } from './bootstrap.ts';
import { createLogin, type Login } from './login.ts';
import { LoginProcess } from './login-process.ts';
import { loginRecords } from './login-records.ts';

const ORIGIN = 'http://127.0.0.1:3000';
let database: TestRecords;
let dataDir: string;
let login: Login;
let email: string;
let password: string;
let secret: Buffer;
const changed: string[] = [];

beforeAll(async () => {
  dataDir = mkdtempSync(path.join(os.tmpdir(), 'genai-login-'));
  database = await startTestRecords();
  const init = {
    organizationId: null,
    organizationName: null,
    projectId: null,
    projectName: null,
    projectPublicKey: null,
    projectSecretKey: null,
    projectRetention: null,
  };
  const settings = { dataDir, masterKey: null, recordsUrl: null, init: { ...init, userEmail: null, userName: null, userPassword: null } };
  const made = await bootstrap({ records: database.records, settings, urls: {} });
  email = made.credentials?.email as string;
  password = made.credentials?.password as string;
  secret = made.instanceSecret;
  login = createLogin({
    records: database.records,
    instanceSecret: secret,
    secureCookies: false,
    onPasswordChanged: (who) => changed.push(who),
    attemptsPerMinute: 1_000,
  });
});
afterAll(async () => {
  await login?.close();
  await database?.stop();
  rmSync(dataDir, { recursive: true, force: true });
});

interface Call {
  method?: string;
  body?: unknown;
  cookie?: string;
  origin?: string | null;
  address?: string;
  through?: Login;
}

function call(pathname: string, { method = 'POST', body, cookie, origin = ORIGIN, address = '192.0.2.1', through = login }: Call = {}): Promise<Response> {
  const headers = new Headers({ host: '127.0.0.1:3000' });
  if (body !== undefined) headers.set('content-type', 'application/json');
  if (cookie) headers.set('cookie', cookie);
  if (origin) headers.set('origin', origin);
  const request = new Request(`${ORIGIN}${pathname}`, { method, headers, body: body === undefined ? null : JSON.stringify(body) });
  return through.handle(request, address);
}

const signIn = (options: { password?: string; email?: string } & Omit<Call, 'body'> = {}): Promise<Response> =>
  call('/api/auth/sign-in/email', { ...options, body: { email: options.email ?? email, password: options.password ?? password } });

const cookieOf = (response: Response): string =>
  response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

describe('login', () => {
  test('opens a session in an HttpOnly, SameSite=Lax cookie, and the person is known by it', async () => {
    const response = await signIn();
    expect(response.status).toBe(200);
    const [setCookie] = response.headers.getSetCookie();
    expect(setCookie).toMatch(/^genai\.session_token=/);
    expect(setCookie).toMatch(/HttpOnly/i);
    expect(setCookie).toMatch(/SameSite=Lax/i);
    expect(setCookie).not.toMatch(/Secure/i);
    expect(await login.sessionPrincipal(new Headers({ cookie: cookieOf(response) }))).toMatchObject({
      kind: 'user',
      email,
      role: 'admin',
      mustChangePassword: true,
    });
  });

  test('marks cookies Secure when people come by https', async () => {
    const secure = createLogin({ records: database.records, instanceSecret: secret, secureCookies: true });
    const response = await signIn({ through: secure });
    expect(response.headers.getSetCookie()[0]).toMatch(/^__Secure-genai\.session_token=.*Secure/i);
    expect(await secure.sessionPrincipal(new Headers({ cookie: cookieOf(response) }))).toMatchObject({ email });
    await secure.close();
  });

  test('answers a wrong password and an unknown person alike, and nobody can sign up', async () => {
    const wrong = await signIn({ password: 'not the password' });
    const unknown = await signIn({ email: 'nobody@example.com' });
    expect([wrong.status, unknown.status]).toEqual([401, 401]);
    expect(await wrong.json()).toEqual(await unknown.json());
    await expect(call('/api/auth/sign-up/email', { body: { email: 'a@b.example', password: 'a long password', name: 'A' } })).rejects.toMatchObject({
      status: 404,
    });
    await expect(call('/api/auth/update-user', { body: { name: 'B' } })).rejects.toMatchObject({ status: 404 });
  });

  test('refuses unsafe requests of another or no origin', async () => {
    for (const origin of ['https://evil.example', 'null', null, 'http://127.0.0.1:4000']) {
      await expect(signIn({ origin })).rejects.toMatchObject({ status: 403, code: 'wrong_origin' });
    }
  });

  test('answers broken and malformed bodies with 4xx', async () => {
    for (const body of [
      {},
      [],
      'text',
      { email: 1, password: {} },
      { email, password: 'x'.repeat(10_000) },
      { email: `${'x'.repeat(10_000)}@b.example`, password },
    ]) {
      const response = await call('/api/auth/sign-in/email', { body });
      expect(response.status).toBeGreaterThanOrEqual(400);
      expect(response.status).toBeLessThan(500);
    }
    await expect(call('/api/auth/sign-in/email', { body: { email, password: 'x'.repeat(100_000) } })).rejects.toMatchObject({ status: 413 });
    const nul = await call('/api/auth/sign-in/email', { body: { email, password: 'a\u0000b' } });
    expect(nul.status).toBe(401);
  });

  test('knows nobody by forged, foreign or missing cookies', async () => {
    const good = cookieOf(await signIn());
    const forged = [
      '',
      'genai.session_token=',
      'genai.session_token=abc.def',
      good.replace(/=.{4}/, '=AAAA'),
      `${good.slice(0, -4)}AAAA`,
      'other=1',
      `genai.session_token=${'x'.repeat(10_000)}`,
    ];
    for (const cookie of forged) expect(await login.sessionPrincipal(new Headers({ cookie }))).toBeNull();
    const stranger = createLogin({ records: database.records, instanceSecret: Buffer.alloc(32, 1), secureCookies: false });
    expect(await stranger.sessionPrincipal(new Headers({ cookie: good }))).toBeNull();
  });

  test('an expired session opens nothing', async () => {
    const cookie = cookieOf(await signIn());
    await database.records.query(sql`UPDATE sessions SET expires_at = now()`);
    expect(await login.sessionPrincipal(new Headers({ cookie }))).toBeNull();
  });

  test('goes on when the process has ended: a session needs none, a sign-in starts one', async () => {
    const cookie = cookieOf(await signIn());
    await login.close();
    expect(await login.sessionPrincipal(new Headers({ cookie }))).toMatchObject({ email });
    expect((await signIn()).status).toBe(200);
  });

  test('a killed process fails the sign-ins under way and nothing after them', async () => {
    const library = new LoginProcess({ secret: 's'.repeat(43), secureCookies: false, attemptsPerMinute: 10 }, loginRecords(database.records));
    const request = { url: `${ORIGIN}/api/auth/get-session`, method: 'GET', headers: [] as [string, string][], body: null };
    const lost = library.ask(request);
    process.kill(library.pid() as number, 'SIGKILL');
    await expect(lost).rejects.toThrow('ended');
    expect((await library.ask(request))?.status).toBe(200);
    await library.close();
    expect(library.pid()).toBeNull();
  });

  test('keeps the doors answering while the library is loaded and passwords are hashed', async () => {
    await login.close();
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await signIn();
    clearInterval(timer);
    expect(turns).toBeGreaterThan(20);
  });

  test('signs out: the cookie opens nothing any longer', async () => {
    const cookie = cookieOf(await signIn());
    expect((await call('/api/auth/sign-out', { cookie, body: {} })).status).toBe(200);
    expect(await login.sessionPrincipal(new Headers({ cookie }))).toBeNull();
  });

  test('a person who lost the membership has no session', async () => {
    const cookie = cookieOf(await signIn());
    const rows = await database.records.query<{ user_id: string; organization_id: string }>(sql`DELETE FROM memberships RETURNING user_id, organization_id`);
    expect(await login.sessionPrincipal(new Headers({ cookie }))).toBeNull();
    for (const row of rows)
      await database.records.query(sql`INSERT INTO memberships (user_id, organization_id, role) VALUES (${row.user_id}, ${row.organization_id}, 'viewer')`);
    expect(await login.sessionPrincipal(new Headers({ cookie }))).toMatchObject({ role: 'viewer' });
  });

  test('changing the first password clears the duty, ends other sessions, and refuses the same, a short and a wrong one', async () => {
    const elsewhere = cookieOf(await signIn());
    const cookie = cookieOf(await signIn());
    const change = (newPassword: string, currentPassword = password): Promise<Response> =>
      call('/api/auth/change-password', { cookie, body: { currentPassword, newPassword, revokeOtherSessions: true } });
    await expect(change(password)).rejects.toMatchObject({ status: 400, code: 'same_password' });
    expect((await change('short')).status).toBe(400);
    expect((await change('a new long password', 'wrong')).status).toBe(400);
    expect(changed).toEqual([]);
    const response = await change('a new long password');
    expect(response.status).toBe(200);
    expect(changed).toEqual([email]);
    const renewed = cookieOf(response);
    expect(await login.sessionPrincipal(new Headers({ cookie: renewed }))).toMatchObject({ mustChangePassword: false });
    expect(await login.sessionPrincipal(new Headers({ cookie: elsewhere }))).toBeNull();
    expect((await signIn()).status).toBe(401);
    password = 'a new long password';
    expect((await signIn()).status).toBe(200);
  });

  test('stops guessing after a few attempts from one address, and only from that', async () => {
    const strict = createLogin({ records: database.records, instanceSecret: secret, secureCookies: false, attemptsPerMinute: 3 });
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 5; attempt++) statuses.push((await signIn({ through: strict, password: 'guess', address: '198.51.100.7' })).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    expect((await signIn({ through: strict, address: '203.0.113.9' })).status).toBe(200);
    await strict.close();
  });

  test('answers 503 while PostgreSQL is away', async () => {
    const cookie = cookieOf(await signIn());
    await database.server.stop();
    await expect(signIn()).rejects.toMatchObject({ status: 503, code: 'no_db_connection' });
    await expect(login.sessionPrincipal(new Headers({ cookie }))).rejects.toMatchObject({ status: 503 });
  });
});
