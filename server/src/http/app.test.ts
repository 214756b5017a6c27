import { describe, expect, it } from 'vitest';
import type { Principal, Role } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { type Authenticators, createApp, type RequestEvent } from './app.ts';
import type { Route } from './route.ts';

const principals: Record<Role, Principal> = {
  anonymous: { kind: 'anonymous' },
  master: { kind: 'master' },
  'virtual-key': { kind: 'virtual-key', key: {} as never },
  'project-key': { kind: 'project-key', projectId: 'p', organizationId: 'o', publicKey: 'pk', scope: 'project' },
  'organization-key': { kind: 'organization-key', organizationId: 'o', publicKey: 'pk' },
  'project-public-key': { kind: 'project-key', projectId: 'p', organizationId: 'o', publicKey: 'pk', scope: 'scores' },
  'user-admin': { kind: 'user', userId: 'u', email: 'e', name: 'n', role: 'admin', mustChangePassword: false },
  'user-member': { kind: 'user', userId: 'u', email: 'e', name: 'n', role: 'member', mustChangePassword: false },
  'user-viewer': { kind: 'user', userId: 'u', email: 'e', name: 'n', role: 'viewer', mustChangePassword: false },
};
const byHeader = async (request: Request): Promise<Principal> => principals[(request.headers.get('x-test-role') ?? 'anonymous') as Role];
const authenticate: Authenticators = { admin: byHeader, observe: byHeader, console: byHeader };

function door(routes: Partial<Route>[], events: RequestEvent[] = []) {
  return createApp({
    door: 'gateway',
    routes: routes.map((route) => ({
      method: 'GET',
      path: '/x',
      surface: 'admin',
      dialect: 'litellm',
      access: ['master'],
      summary: '',
      handle: () => Response.json({ ok: true }),
      ...route,
    })),
    authenticate,
    fallback: () => new Response('fallback', { status: 404 }),
    onRequest: (event) => events.push(event),
  });
}

describe('a route', () => {
  it('lets in exactly the roles of its line in the table', async () => {
    const app = door([{ access: ['master', 'user-admin'] }]);
    for (const role of Object.keys(principals) as Role[]) {
      const { status } = await app.request('/x', { headers: { 'x-test-role': role } });
      const expected = role === 'master' || role === 'user-admin' ? 200 : role === 'anonymous' ? 401 : 403;
      expect([role, status]).toEqual([role, expected]);
    }
  });
  it('answers another method with 405 and what is allowed', async () => {
    const response = await door([{}]).request('/x', { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET');
  });
  it('answers HEAD where it answers GET', async () => {
    expect((await door([{ access: ['anonymous'] }]).request('/x', { method: 'HEAD' })).status).toBe(200);
  });
  it('gives its error in the dialect of its clients, with Retry-After', async () => {
    const fail = () => {
      throw new AppError('the store is away', { status: 503, code: 'ServiceUnavailableError', retryAfterSeconds: 1.2 });
    };
    const langfuse = await door([{ access: ['anonymous'], dialect: 'langfuse', surface: 'observe', handle: fail }]).request('/x');
    expect(langfuse.headers.get('retry-after')).toBe('2');
    expect(await langfuse.json()).toEqual({ message: 'the store is away', error: 'ServiceUnavailableError' });
    const litellm = await door([{ access: ['anonymous'], handle: fail }]).request('/x');
    expect(await litellm.json()).toEqual({ error: { message: 'the store is away', type: 'ServiceUnavailableError', param: null, code: '503' } });
  });
  it('tells nothing of an unexpected fault but a request id that the log knows', async () => {
    const events: RequestEvent[] = [];
    const app = door(
      [
        {
          access: ['anonymous'],
          handle: () => {
            throw new Error('secret detail');
          },
        },
      ],
      events,
    );
    const response = await app.request('/x', { headers: { 'x-request-id': 'abc <script>' } });
    const text = await response.text();
    expect(response.status).toBe(500);
    expect(text).not.toContain('secret detail');
    expect(response.headers.get('x-request-id')).toBe('abcscript');
    expect(events[0]?.error?.message).toBe('secret detail');
  });
});

describe('cross-origin calls', () => {
  it('are open where a header carries the credential', async () => {
    const app = door([{ surface: 'observe', dialect: 'langfuse', access: ['project-key'] }]);
    expect((await app.request('/x', { method: 'OPTIONS' })).headers.get('access-control-allow-origin')).toBe('*');
    expect((await app.request('/x')).headers.get('access-control-allow-origin')).toBe('*');
  });
  it('are closed where a cookie would', async () => {
    for (const surface of ['console', 'admin'] as const) {
      const response = await door([{ surface, dialect: 'console', access: ['user-admin'] }]).request('/x', {
        headers: { 'x-test-role': 'user-admin', origin: 'https://evil.example' },
      });
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
    }
  });
});
