// The route × role table, walked against a started process with a real credential of every role: whoever is not in a route's line gets 401, 403 or 404, never an answer.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RouteLine, routeLines } from '../scripts/routes-doc.ts';
import type { Role } from '../server/src/identity/principal.ts';
import { call, generateKey } from './client.ts';
import { type Platform, startPlatform } from './process.ts';

let platform: Platform;
/** Headers of each role, made from credentials that the platform itself gave out. */
const credentials = new Map<Role, Record<string, string>>();

beforeAll(async () => {
  platform = await startPlatform();
  const { keys } = platform;
  const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });
  credentials.set('anonymous', {});
  credentials.set('master', { authorization: `Bearer ${keys.masterKey}` });
  // Owners administer their keys: one without a registered owner would be refused where the table lets keys in.
  await call(`${platform.gatewayUrl}/user/new`, { key: keys.masterKey, body: { user_id: 'owner', user_role: 'internal_user', auto_create_key: false } });
  credentials.set('virtual-key', { authorization: `Bearer ${await generateKey(platform, { user_id: 'owner' })}` });
  credentials.set('project-key', basic(`${keys.publicKey}:${keys.secretKey}`));
  credentials.set('project-public-key', { authorization: `Bearer ${keys.publicKey}` });
  const projects = await call(`${platform.observeUrl}/api/public/projects`, { basic: [keys.publicKey, keys.secretKey] });
  const [{ organization }] = projects.body.data as unknown as [{ organization: { id: string } }];
  const ofOrganization = await call(`${platform.gatewayUrl}/api/admin/organizations/${organization.id}/apiKeys`, { key: keys.masterKey, body: {} });
  expect(ofOrganization.status).toBe(201);
  credentials.set('organization-key', basic(`${ofOrganization.body.publicKey}:${ofOrganization.body.secretKey}`));
  const origin = platform.gatewayUrl;
  const signIn = await fetch(`${origin}/api/auth/sign-in/email`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin },
    body: JSON.stringify({ email: keys.email, password: keys.password }),
  });
  const cookie = signIn.headers
    .getSetCookie()
    .map((line) => line.split(';')[0])
    .join('; ');
  expect(cookie).not.toBe('');
  credentials.set('user-admin', { cookie, origin });
});
afterAll(() => platform?.stop());

/** `:model{.+:countTokens}` asks for a name that ends in `:countTokens`. */
const concrete = (path: string) => path.replace(/:\w+(?:\{(?:\.\+)?([^}]*)\})?/g, (_, ending: string | undefined) => `x${ending ?? ''}`).replace(/\*$/, 'x');

/** Its answer has no end: it is let go once it has begun. */
const STREAM = '/api/public/unstable/live-tail';

async function refusedOrOpened(url: string, role: Role): Promise<{ status: number; text: string }> {
  const answer = await fetch(url, { headers: credentials.get(role) ?? {} });
  if (!answer.ok) return { status: answer.status, text: await answer.text() };
  await answer.body?.cancel();
  return { status: answer.status, text: '' };
}

async function tryRoute(route: RouteLine, role: Role): Promise<{ status: number; text: string }> {
  const door = route.surface === 'observe' ? platform.observeUrl : platform.gatewayUrl;
  if (route.path === STREAM) return await refusedOrOpened(`${door}${route.path}`, role);
  const { status, text } = await call(`${door}${concrete(route.path)}`, {
    method: route.method,
    headers: credentials.get(role) ?? {},
    ...(route.method === 'GET' || route.method === 'HEAD' ? {} : { body: {} }),
  });
  return { status, text };
}

describe('every route of the table', () => {
  // /health calls every deployment for real: it is walked for refusals, not for answers.
  const lines = routeLines();
  it('is many', () => expect(lines.length).toBeGreaterThan(40));
  for (const route of lines) {
    it(`${route.method} ${route.path} serves ${route.access.join(', ')} and nobody else`, async () => {
      for (const role of credentials.keys()) {
        const allowed = route.access.includes('anonymous') || route.access.includes(role);
        if (allowed && route.path === '/health') continue;
        const { status, text } = await tryRoute(route, role);
        if (!allowed) expect([401, 403], `${role} got ${status}: ${text.slice(0, 200)}`).toContain(status);
        else {
          expect(status, `${role} got ${status}: ${text.slice(0, 200)}`).not.toBe(403);
          expect(status, `${role} got ${status}: ${text.slice(0, 200)}`).toBeLessThan(500);
          if (status === 401) expect(text, role).not.toContain('Invalid credentials');
        }
      }
    });
  }
});
