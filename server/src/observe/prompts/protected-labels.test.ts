// Protected labels over real records: only an administrator of the project moves, removes or protects them, by no way around.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal, UserRole } from '#identity/principal.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { protectedLabelRoutes } from './protected-label-routes.ts';
import { putPrompt } from './put-prompt.ts';
import { promptRoutes } from './routes.ts';

let routes: RoutesFixture;
const labels = '/api/public/prompt-protected-labels';
const v2 = '/api/public/v2/prompts';
const person = (role: UserRole, projectId = PROJECT): Principal => ({ ...projectKey(projectId), person: { userId: role, name: role, role } }) as Principal;
const key = projectKey(PROJECT);

beforeAll(async () => {
  routes = await openRoutes((records) => [...promptRoutes(records), ...protectedLabelRoutes(records)]);
  await routes.call('POST', v2, { name: 'p', prompt: 'one', labels: ['production', 'staging'] });
  await routes.call('POST', v2, { name: 'p', prompt: 'two' });
});
afterAll(async () => await routes?.close());

describe('a protected label', () => {
  it('is protected and released by an administrator of the project alone', async () => {
    for (const who of [key, person('member')]) expect((await routes.call('POST', labels, { label: 'production' }, who)).status).toBe(403);
    expect((await routes.call('POST', labels, { label: 'latest' }, person('admin'))).status).toBe(400);
    expect((await routes.call('POST', labels, { label: 'Not A Label' }, person('admin'))).status).toBe(400);
    expect(await routes.call('POST', labels, { label: 'production' }, person('admin'))).toMatchObject({
      status: 201,
      body: { label: 'production', createdBy: 'admin' },
    });
    expect((await routes.call('POST', labels, { label: 'production' }, person('admin'))).status).toBe(201);
    expect((await routes.call('GET', labels, undefined, key)).body.data).toMatchObject([{ label: 'production', createdAt: expect.any(String) }]);
    expect((await routes.call('GET', labels, undefined, projectKey(OTHER_PROJECT))).body.data).toEqual([]);
    expect((await routes.call('DELETE', `${labels}/production`, undefined, person('member'))).status).toBe(403);
    expect((await routes.call('DELETE', `${labels}/absent`, undefined, person('admin'))).status).toBe(404);
  });

  it('is moved, taken with a new version or deleted with an old one by nobody else', async () => {
    const ways: [string, string, unknown?][] = [
      ['PATCH', `${v2}/p/versions/2`, { newLabels: ['production'] }],
      ['POST', v2, { name: 'p', prompt: 'three', labels: ['production'] }],
      ['POST', '/api/public/prompts', { name: 'p', prompt: 'three', isActive: true }],
      ['POST', v2, { name: 'another', prompt: 'x', labels: ['production'] }],
      ['DELETE', `${v2}/p`],
      ['DELETE', `${v2}/p?version=1`],
      ['DELETE', `${v2}/p?label=production`],
    ];
    for (const who of [key, person('member'), person('viewer')])
      for (const [method, path, body] of ways) {
        const answer = await routes.call(method, path, body, who);
        expect(answer, `${method} ${path}`).toMatchObject({ status: 403, body: { message: expect.stringContaining("'production' is protected") } });
      }
    expect((await routes.call('GET', `${v2}/p`)).body).toMatchObject({ version: 1, labels: ['production', 'staging'] });
    // What is not protected stays everybody's.
    expect((await routes.call('PATCH', `${v2}/p/versions/2`, { newLabels: ['staging'] }, key)).status).toBe(200);
    expect((await routes.call('POST', v2, { name: 'p', prompt: 'three' }, key)).status).toBe(201);
  });

  it('is moved by an administrator, and by the file that the platform starts with', async () => {
    expect((await routes.call('PATCH', `${v2}/p/versions/2`, { newLabels: ['production'] }, person('admin'))).body).toMatchObject({ version: 2 });
    expect(await putPrompt(routes.records, PROJECT, { name: 'p', type: 'text', prompt: 'four', labels: ['production'] } as never)).toBe(true);
    expect((await routes.call('GET', `${v2}/p`)).body).toMatchObject({ prompt: 'four' });
    expect((await routes.call('DELETE', `${labels}/production`, undefined, person('admin'))).status).toBe(200);
    expect((await routes.call('PATCH', `${v2}/p/versions/1`, { newLabels: ['production'] }, key)).status).toBe(200);
  });

  it('binds its own project only', async () => {
    await routes.call('POST', labels, { label: 'production' }, person('admin'));
    expect((await routes.call('POST', v2, { name: 'p', prompt: 'theirs', labels: ['production'] }, projectKey(OTHER_PROJECT))).status).toBe(201);
  });
});
