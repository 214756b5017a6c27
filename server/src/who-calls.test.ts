// A page of the console uses a project as the project's key does: only for somebody who is signed in, only from our own pages, and a viewer only reads.
import { describe, expect, it } from 'vitest';
import type { Principal, UserRole } from '#identity/principal.ts';
import { createAuthenticators } from './who-calls.ts';

const HOST = 'http://127.0.0.1:4000';
const keyPrincipal: Principal = { kind: 'project-key', projectId: 'of-key', organizationId: 'o', publicKey: 'pk', scope: 'project' };

function authenticatorsFor(role: UserRole | null, inProject: UserRole | null = role) {
  return createAuthenticators({
    login: {
      sessionPrincipal: async () => (role === null ? null : { kind: 'user', userId: 'u1', email: 'a@example.com', name: '', role, mustChangePassword: false }),
    } as never,
    projectKeys: { authenticate: async (value) => (value === 'Basic good' ? keyPrincipal : null), close: async () => undefined },
    keyCaller: () => {
      throw new Error('not asked');
    },
    keyHeaderName: () => null,
    placeOf: async (id) => (id === 'p1' ? { organizationId: 'o1', role: inProject } : null),
  });
}

const request = (method: string, headers: Record<string, string>) =>
  new Request(`${HOST}/api/public/v2/prompts`, { method, headers: { host: '127.0.0.1:4000', ...headers } });
const IN_PROJECT = { 'x-genai-project': 'p1' };
const SAME = { ...IN_PROJECT, origin: HOST };

describe('a person at a project route', () => {
  it('acts in the named project, with the name that is written beside what was made', async () => {
    expect(await authenticatorsFor('member').observe(request('POST', SAME))).toEqual({
      kind: 'project-key',
      projectId: 'p1',
      organizationId: 'o1',
      publicKey: '',
      scope: 'project',
      person: { userId: 'u1', name: 'a@example.com', role: 'member' },
    });
  });

  it('may read as a viewer and change nothing', async () => {
    const { observe } = authenticatorsFor('viewer');
    expect(await observe(request('GET', IN_PROJECT))).toMatchObject({ projectId: 'p1' });
    for (const method of ['POST', 'PATCH', 'PUT', 'DELETE']) await expect(observe(request(method, SAME)), method).rejects.toMatchObject({ status: 403 });
  });

  it('has the role of the project, whatever the role elsewhere', async () => {
    await expect(authenticatorsFor('admin', 'viewer').observe(request('POST', SAME))).rejects.toMatchObject({ status: 403 });
    expect(await authenticatorsFor('viewer', 'admin').observe(request('POST', SAME))).toMatchObject({ person: { role: 'admin' } });
  });

  it('comes into another organisation’s project as an administrator only', async () => {
    for (const role of ['member', 'viewer'] as const)
      await expect(authenticatorsFor(role, null).observe(request('GET', IN_PROJECT)), role).rejects.toMatchObject({ status: 404 });
    expect(await authenticatorsFor('admin', null).observe(request('POST', SAME))).toMatchObject({ person: { role: 'admin' } });
  });

  it('reads at the console what is in their own projects only', async () => {
    const read = (path: string) => new Request(`${HOST}${path}`, { headers: { host: '127.0.0.1:4000' } });
    for (const address of ['/api/console/traces?projectId=p1', '/api/console/traces?projectId=p1&projectId=p2', '/api/console/overview?from=x&projectId=p1'])
      await expect(authenticatorsFor('member', null).console(read(address)), address).rejects.toMatchObject({ status: 404 });
    expect(await authenticatorsFor('viewer').console(read('/api/console/traces?projectId=p1'))).toMatchObject({ kind: 'user', role: 'viewer' });
    expect(await authenticatorsFor('admin', null).console(read('/api/console/traces?projectId=p1'))).toMatchObject({ role: 'admin' });
    expect(await authenticatorsFor('viewer', null).console(read('/api/console/session'))).toMatchObject({ kind: 'user' });
  });

  it('is nobody without a session, from another site, or in a project that is not there', async () => {
    await expect(authenticatorsFor(null).observe(request('GET', IN_PROJECT))).rejects.toMatchObject({ status: 401, code: 'auth_error' });
    for (const origin of ['https://evil.example', 'null', ''])
      await expect(authenticatorsFor('admin').observe(request('POST', { ...IN_PROJECT, origin })), origin).rejects.toMatchObject({ status: 403 });
    await expect(authenticatorsFor('admin').observe(request('GET', { 'x-genai-project': 'other' }))).rejects.toMatchObject({ status: 404 });
  });

  it('does not stand in for a key: with an Authorization header the key alone decides, and without the project header there is no session', async () => {
    const { observe } = authenticatorsFor('admin');
    expect(await observe(request('GET', { ...IN_PROJECT, authorization: 'Basic good' }))).toBe(keyPrincipal);
    await expect(observe(request('GET', { ...IN_PROJECT, authorization: 'Basic bad' }))).rejects.toMatchObject({ status: 401 });
    await expect(observe(request('GET', {}))).rejects.toMatchObject({ status: 401 });
  });
});
