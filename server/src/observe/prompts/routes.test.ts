// The prompt routes over real records: versions, labels, tags, folders, composition, deletion, pages, other projects, bad input.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { promptLinks } from './links.ts';
import { promptRoutes } from './routes.ts';

let routes: RoutesFixture;
const v2 = '/api/public/v2/prompts';
const create = (body: Record<string, unknown>, project = PROJECT) => routes.call('POST', v2, body, projectKey(project));
const get = (name: string, query = '', project = PROJECT) => routes.call('GET', `${v2}/${encodeURIComponent(name)}${query}`, undefined, projectKey(project));

beforeAll(async () => {
  routes = await openRoutes(promptRoutes);
});
afterAll(async () => await routes?.close());

describe('prompts', () => {
  it('get the next version, become latest, and take labels and tags with them', async () => {
    const first = await create({
      name: 'greet',
      prompt: 'Hello {{name}}',
      labels: ['production', 'staging'],
      tags: ['a'],
      config: { z: 1, a: [2] },
      commitMessage: 'first',
    });
    expect(first.status).toBe(201);
    expect(first.body).toEqual({
      id: expect.any(String),
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
      projectId: PROJECT,
      createdBy: 'API',
      name: 'greet',
      version: 1,
      type: 'text',
      prompt: 'Hello {{name}}',
      config: { z: 1, a: [2] },
      labels: ['production', 'staging', 'latest'],
      tags: ['a'],
      commitMessage: 'first',
      isActive: true,
      resolutionGraph: null,
    });
    expect(Object.keys((first.body as unknown as { config: object }).config)).toEqual(['z', 'a']);
    const second = await create({ name: 'greet', prompt: 'こんにちは {{name}}', labels: ['staging'], tags: ['b'] });
    expect(second.body).toMatchObject({ version: 2, labels: ['staging', 'latest'], tags: ['b'], config: {}, commitMessage: null });
    expect((await get('greet')).body).toMatchObject({ version: 1, labels: ['production'], tags: ['b'] });
    expect((await get('greet', '?label=latest')).body).toMatchObject({ version: 2, prompt: 'こんにちは {{name}}' });
    expect((await get('greet', '?version=1')).body).toMatchObject({ version: 1 });
    // Without tags the newest version's stay.
    expect((await create({ name: 'greet', prompt: 'x' })).body).toMatchObject({ version: 3, tags: ['b'], labels: ['latest'] });
  });

  it('live in folders and belong to one project', async () => {
    await create({ name: 'team/日本語/answer', prompt: 'x', labels: ['production'] });
    expect((await get('team/日本語/answer')).body).toMatchObject({ name: 'team/日本語/answer', version: 1 });
    expect((await get('greet', '', OTHER_PROJECT)).status).toBe(404);
    await create({ name: 'greet', prompt: 'theirs', labels: ['production'] }, OTHER_PROJECT);
    expect((await get('greet', '', OTHER_PROJECT)).body).toMatchObject({ version: 1, prompt: 'theirs' });
  });

  it('answer 404 and 400 in Langfuse’s words', async () => {
    expect(await get('absent')).toMatchObject({
      status: 404,
      body: { message: "Prompt not found: 'absent' with label 'production'", error: 'LangfuseNotFoundError' },
    });
    expect((await get('greet', '?version=99')).body).toMatchObject({ message: "Prompt not found: 'greet' with version 99" });
    expect(await get('greet', '?version=1&label=production')).toMatchObject({
      status: 400,
      body: { message: 'Cannot specify both version and label', error: 'InvalidRequestError' },
    });
    const refused: Record<string, unknown>[] = [
      { name: 'a|b', prompt: 'x' },
      { name: '/a', prompt: 'x' },
      { name: 'new', prompt: 'x' },
      { name: '', prompt: 'x' },
      { name: 'n'.repeat(256), prompt: 'x' },
      { name: 'a', prompt: 'x', labels: ['Not ok'] },
      { name: 'a', prompt: 7 },
      { name: 'a', type: 'chat', prompt: 'x' },
      { name: 'a', prompt: 'x', commitMessage: 'm'.repeat(501) },
      { name: 'greet', type: 'chat', prompt: [{ role: 'user', content: 'other type' }] },
      { name: 'nul\u0000', prompt: 'x' },
      {
        name: 'amb',
        type: 'chat',
        prompt: [
          { role: 'user', content: '{{h}}' },
          { type: 'placeholder', name: 'h' },
        ],
      },
    ];
    for (const body of refused) expect([body, (await create(body)).status]).toEqual([body, 400]);
    expect((await create({ name: 'a', prompt: 7 })).body).toMatchObject({ message: 'Invalid request data', error: expect.any(Array) });
    expect((await routes.call('POST', v2, '{broken')).status).toBe(400);
    for (const query of ['?version=0', '?version=x', '?resolve=maybe']) expect([query, (await get('greet', query)).status]).toEqual([query, 400]);
    expect((await routes.call('GET', `${v2}/%00`)).status).toBe(400);
  });

  it('keep a chat with placeholders as it was sent', async () => {
    const prompt = [
      { type: 'chatmessage', role: 'system', content: 'S' },
      { type: 'placeholder', name: 'history' },
      { role: 'user', content: '{{q}}' },
    ];
    expect((await create({ name: 'chat', type: 'chat', prompt, labels: ['production'] })).body).toMatchObject({ type: 'chat', prompt });
    expect((await get('chat')).body).toMatchObject({ prompt });
  });

  it('move labels by PATCH, beside those a version has', async () => {
    const patch = (version: number | string, newLabels: string[]) => routes.call('PATCH', `${v2}/greet/versions/${version}`, { newLabels });
    expect((await patch(2, ['production', 'canary'])).body).toMatchObject({ version: 2, labels: ['staging', 'production', 'canary'] });
    expect((await get('greet')).body).toMatchObject({ version: 2 });
    expect((await get('greet', '?version=1')).body).toMatchObject({ labels: [], isActive: false });
    expect((await patch(2, ['latest'])).status).toBe(400);
    expect((await patch(77, ['x'])).status).toBe(404);
    expect((await patch('one', ['x'])).status).toBe(400);
  });

  it('are composed on reading, and raw with resolve=false', async () => {
    await create({ name: 'rules', prompt: 'Be kind.', labels: ['production'] });
    const composed = '@@@langfusePrompt:name=rules|label=production@@@ Answer {{q}}';
    await create({ name: 'composed', prompt: composed, labels: ['production'] });
    expect((await get('composed')).body).toMatchObject({
      prompt: 'Be kind. Answer {{q}}',
      resolutionGraph: { root: { name: 'composed', version: 1 }, dependencies: { [String((await get('composed')).body.id)]: [{ name: 'rules', version: 1 }] } },
    });
    expect((await get('composed', '?resolve=false')).body).toMatchObject({ prompt: composed, resolutionGraph: null });
    await create({ name: 'rules', prompt: 'Be short.', labels: ['production'] });
    expect((await get('composed')).body).toMatchObject({ prompt: 'Be short. Answer {{q}}' });
    expect(await create({ name: 'bad', prompt: '@@@langfusePrompt:name=nobody|version=3@@@' })).toMatchObject({
      status: 400,
      body: { message: 'Prompt dependency not found: nobody - version 3' },
    });
    const needed = await routes.call('DELETE', `${v2}/rules`);
    expect(needed).toMatchObject({ status: 409, body: { error: 'LangfuseConflictError' } });
    expect(needed.body.message).toContain('composed v1 depends on rules production');
  });

  it('are deleted by version, label or whole, and what stays has a latest', async () => {
    for (const labels of [['one'], ['two'], []]) await create({ name: 'gone', prompt: 'x', labels });
    expect((await routes.call('DELETE', `${v2}/gone?version=3`)).status).toBe(204);
    expect((await get('gone', '?label=latest')).body).toMatchObject({ version: 2 });
    expect((await routes.call('DELETE', `${v2}/gone?label=one`)).status).toBe(204);
    expect((await get('gone', '?version=1')).status).toBe(404);
    expect((await routes.call('DELETE', `${v2}/gone`)).status).toBe(204);
    expect(await routes.call('DELETE', `${v2}/gone`)).toMatchObject({ status: 404, body: { error: 'LangfuseNotFoundError' } });
    expect((await routes.call('DELETE', `${v2}/gone?version=1&label=a`)).status).toBe(400);
  });

  it('are listed by name with their versions', async () => {
    const list = (query: string) => routes.call('GET', `${v2}?${query}`);
    const all = await list('limit=2');
    expect(all.body.meta).toEqual({ page: 1, limit: 2, totalItems: 5, totalPages: 3 });
    expect(all.body.data.map((item) => item.name)).toEqual(['chat', 'composed']);
    expect((await list('name=greet')).body.data).toEqual([
      {
        name: 'greet',
        type: 'text',
        versions: [1, 2, 3],
        labels: ['canary', 'latest', 'production', 'staging'],
        tags: ['b'],
        lastUpdatedAt: expect.stringMatching(/Z$/),
        lastConfig: {},
      },
    ]);
    expect((await list('label=canary')).body.data).toMatchObject([{ name: 'greet', versions: [2] }]);
    expect((await list('tag=b')).body.data).toMatchObject([{ name: 'greet' }]);
    expect((await list('tag=c')).body).toMatchObject({ data: [], meta: { totalItems: 0, totalPages: 0 } });
    expect((await list('toUpdatedAt=2020-01-01T00:00:00Z')).body.data).toEqual([]);
    for (const query of ['page=0', 'limit=101', 'fromUpdatedAt=yesterday']) expect([query, (await list(query)).status]).toEqual([query, 400]);
  });

  it('serve the routes of before labels', async () => {
    const made = await routes.call('POST', '/api/public/prompts', { name: 'old', prompt: 'v1', isActive: true });
    expect(made).toMatchObject({ status: 201, body: { version: 1, isActive: true, labels: ['production', 'latest'] } });
    await routes.call('POST', '/api/public/prompts', { name: 'old', prompt: 'v2', isActive: false });
    expect((await routes.call('GET', '/api/public/prompts?name=old')).body).toMatchObject({ version: 1, prompt: 'v1' });
    expect((await routes.call('GET', '/api/public/prompts?name=old&version=2')).body).toMatchObject({ prompt: 'v2', isActive: false });
    expect((await routes.call('GET', '/api/public/prompts')).status).toBe(400);
  });

  it('count without gaps when many create at once', async () => {
    const made = await Promise.all(Array.from({ length: 12 }, (_, index) => create({ name: 'race', prompt: String(index), labels: ['production'] })));
    expect(made.map(({ body }) => Number(body.version)).sort((one, two) => one - two)).toEqual(Array.from({ length: 12 }, (_, index) => index + 1));
    const [listed] = (await routes.call('GET', `${v2}?name=race`)).body.data;
    expect(listed).toMatchObject({ labels: ['latest', 'production'] });
    expect((await get('race', '?label=latest')).body).toMatchObject({ version: 12 });
  });

  it('give observations their id by name and version', async () => {
    const link = promptLinks(routes.records);
    const row = (name: string | null, version: number | null) => ({ prompt_id: null, prompt_name: name, prompt_version: version });
    const linked = await link(PROJECT, [row('greet', 2), row('greet', 99), row(null, null), { ...row('greet', 2), prompt_id: 'own' }]);
    expect(linked.map((item) => item.prompt_id)).toEqual([(await get('greet', '?version=2')).body.id, null, null, 'own']);
  });
});
