// Comments over real records: on what is there, in the project of the key, listed by what they are on.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Principal } from '#identity/principal.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { promptRoutes } from '#observe/prompts/routes.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { commentRoutes } from './routes.ts';

let routes: RoutesFixture;
const all = '/api/public/comments';
const comment = (over: Record<string, unknown> = {}) => ({ projectId: PROJECT, objectType: 'TRACE', objectId: 'trace/1', content: 'よい', ...over });

beforeAll(async () => {
  // What the engine would answer of one trace, one observation and one session.
  const ask = async (_: unknown, path: string) => {
    if (path.startsWith('/api/public/observations/')) return path.endsWith('/obs') ? { id: 'obs' } : null;
    const filter = new URL(path, 'http://engine').searchParams.get('filter') ?? '[]';
    const [{ column, value }] = JSON.parse(filter) as [{ column: string; value: string }];
    return { data: (column === 'id' && value === 'trace/1') || (column === 'sessionId' && value === 'chat') ? [{}] : [] };
  };
  routes = await openRoutes((records) => [...commentRoutes(records, ask), ...promptRoutes(records)]);
});
afterAll(async () => await routes?.close());

describe('comments', () => {
  it('are made on what the project has, and read back', async () => {
    const prompt = await routes.call('POST', '/api/public/v2/prompts', { name: 'p', prompt: 'x' });
    const targets: [string, string][] = [
      ['TRACE', 'trace/1'],
      ['OBSERVATION', 'obs'],
      ['SESSION', 'chat'],
      ['PROMPT', String(prompt.body.id)],
    ];
    const made: string[] = [];
    for (const [objectType, objectId] of targets) {
      const answer = await routes.call('POST', all, comment({ objectType, objectId, authorUserId: 'taro' }));
      expect([objectType, answer.status, Object.keys(answer.body)]).toEqual([objectType, 200, ['id']]);
      made.push(String(answer.body.id));
    }
    expect((await routes.call('GET', `${all}/${made[0]}`)).body).toEqual({
      id: made[0],
      projectId: PROJECT,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      objectType: 'TRACE',
      objectId: 'trace/1',
      content: 'よい',
      authorUserId: 'taro',
    });
    expect((await routes.call('GET', `${all}?objectType=SESSION&objectId=chat`)).body).toMatchObject({ data: [{ id: made[2] }], meta: { totalItems: 1 } });
    expect((await routes.call('GET', `${all}?authorUserId=taro&limit=3`)).body.meta).toEqual({ page: 1, limit: 3, totalItems: 4, totalPages: 2 });
    expect((await routes.call('GET', all, undefined, projectKey(OTHER_PROJECT))).body.data).toEqual([]);
    expect((await routes.call('GET', `${all}/${made[0]}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
  });

  it('of somebody who is signed in are theirs, whatever the body says', async () => {
    const key = projectKey(PROJECT) as Extract<Principal, { kind: 'project-key' }>;
    const person: Principal = { ...key, person: { userId: 'hanako', name: 'Hanako', role: 'member' } };
    const made = await routes.call('POST', all, comment({ authorUserId: 'taro' }), person);
    expect((await routes.call('GET', `${all}/${made.body.id}`)).body).toMatchObject({ authorUserId: 'hanako' });
  });

  it('are refused on what is not there and when they are not as the contract says', async () => {
    for (const over of [
      { objectId: 'absent' },
      { objectType: 'OBSERVATION' },
      { objectType: 'SESSION' },
      { objectType: 'PROMPT' },
      { projectId: OTHER_PROJECT },
    ])
      expect([over, (await routes.call('POST', all, comment(over))).status]).toEqual([over, 404]);
    for (const over of [{ content: '' }, { content: 'x'.repeat(5_001) }, { objectType: 'USER' }, { more: 1 }, { projectId: undefined }])
      expect([over, (await routes.call('POST', all, comment(over))).status]).toEqual([over, 400]);
    for (const query of ['objectId=trace/1', 'objectType=USER', 'limit=101'])
      expect([query, (await routes.call('GET', `${all}?${query}`)).status]).toEqual([query, 400]);
  });
});
