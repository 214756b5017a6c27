// Score configs over real records, and what they do to scores: refusal at the door, types and category values when read.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '#lib/errors.ts';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { scoreCheck, scoreTypes } from './check.ts';
import { scoreConfigRoutes } from './routes.ts';

let routes: RoutesFixture;
const all = '/api/public/score-configs';
const create = async (body: unknown) => await routes.call('POST', all, body);
const idOf = (answer: { body: Record<string, unknown> }) => String(answer.body.id);
const categories = [
  { label: 'good', value: 1 },
  { label: 'bad', value: -1 },
];

beforeAll(async () => {
  routes = await openRoutes(scoreConfigRoutes);
});
afterAll(async () => await routes?.close());

describe('score configs', () => {
  it('are created by data type and read back', async () => {
    const numeric = await create({ name: 'accuracy', dataType: 'NUMERIC', minValue: 0, maxValue: 1, description: '精度' });
    expect(numeric.status).toBe(200);
    expect(numeric.body).toEqual({
      id: expect.any(String),
      projectId: PROJECT,
      name: 'accuracy',
      description: '精度',
      createdAt: expect.stringMatching(/Z$/),
      updatedAt: expect.stringMatching(/Z$/),
      isArchived: false,
      dataType: 'NUMERIC',
      minValue: 0,
      maxValue: 1,
      categories: null,
    });
    expect((await routes.call('GET', `${all}/${idOf(numeric)}`)).body).toEqual(numeric.body);
    expect((await create({ name: 'verdict', dataType: 'CATEGORICAL', categories })).body).toMatchObject({ categories });
    expect((await create({ name: 'ok', dataType: 'BOOLEAN' })).body).toMatchObject({
      categories: [
        { label: 'True', value: 1 },
        { label: 'False', value: 0 },
      ],
    });
    expect((await create({ name: 'note', dataType: 'TEXT' })).body).toMatchObject({ categories: null });
    const list = (await routes.call('GET', `${all}?limit=3`)).body;
    expect([list.data.map((item) => item.name), list.meta]).toEqual([['note', 'ok', 'verdict'], { page: 1, limit: 3, totalItems: 4, totalPages: 2 }]);
    expect((await routes.call('GET', `${all}/${idOf(numeric)}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
  });

  it('refuse what does not fit together', async () => {
    for (const body of [
      {},
      { name: 'n'.repeat(36), dataType: 'NUMERIC' },
      { name: 'a', dataType: 'NUMERIC', minValue: 2, maxValue: 1 },
      { name: 'a', dataType: 'NUMERIC', categories },
      { name: 'a', dataType: 'CATEGORICAL' },
      { name: 'a', dataType: 'CATEGORICAL', categories: [categories[0], { label: 'good', value: 3 }] },
      { name: 'a', dataType: 'CATEGORICAL', categories: [categories[0], { label: 'other', value: 1 }] },
      { name: 'a', dataType: 'CATEGORICAL', categories, minValue: 1 },
      { name: 'a', dataType: 'TEXT', categories },
      { name: 'a', dataType: 'OTHER' },
    ])
      expect([body, (await create(body)).status]).toEqual([body, 400]);
  });

  it('change in what is named, and can be archived', async () => {
    const id = idOf(await create({ name: 'change', dataType: 'NUMERIC', minValue: 0, maxValue: 5, description: 'd' }));
    const patch = (body: unknown) => routes.call('PATCH', `${all}/${id}`, body);
    expect((await patch({ name: 'changed', maxValue: null })).body).toMatchObject({ name: 'changed', minValue: 0, maxValue: null, description: 'd' });
    expect((await patch({ isArchived: true })).body).toMatchObject({ isArchived: true, name: 'changed' });
    expect((await patch({})).status).toBe(400);
    expect((await patch({ maxValue: -1 })).status).toBe(400);
    expect((await patch({ categories })).status).toBe(400);
    expect((await routes.call('PATCH', `${all}/absent`, { name: 'x' })).status).toBe(404);
  });

  it('decide which scores are taken, and how they read', async () => {
    const range = idOf(await create({ name: 'range', dataType: 'NUMERIC', minValue: 0, maxValue: 1 }));
    const verdict = idOf(await create({ name: 'v', dataType: 'CATEGORICAL', categories }));
    const yes = idOf(await create({ name: 'yes', dataType: 'BOOLEAN' }));
    const archived = idOf(await create({ name: 'old', dataType: 'TEXT' }));
    await routes.call('PATCH', `${all}/${archived}`, { isArchived: true });
    const check = scoreCheck(routes.records);
    const fits = [{ configId: range, name: 'range', value: 0.5 }, { configId: verdict, value: 'good' }, { configId: yes, value: 1 }, { value: 7 }];
    expect(await check(PROJECT, fits)).toEqual([null, null, null, null]);
    const problems = await check(PROJECT, [
      { configId: range, value: 2 },
      { configId: range, value: -1 },
      { configId: range, name: 'other', value: 1 },
      { configId: range, dataType: 'BOOLEAN', value: 1 },
      { configId: verdict, value: 'fine' },
      { configId: yes, value: 2 },
      { configId: archived, value: 'x' },
      { configId: 'absent\u0000', value: 1 },
    ]);
    expect(problems.map((problem) => typeof problem)).toEqual(problems.map(() => 'string'));
    expect(await check(OTHER_PROJECT, [{ configId: range, value: 0.5 }])).toEqual(['The configId does not name a score config of this project.']);
    const away = {
      query: async () => {
        throw new AppError('away', { status: 503, code: 'no_db_connection' });
      },
    };
    expect(await scoreCheck(away)(PROJECT, [{ configId: range, value: 9 }])).toEqual([null]);

    const row = (configId: string, dataType: string, value: number | null, text: string | null) => ({
      config_id: configId,
      data_type: dataType,
      value,
      string_value: text,
    });
    expect(
      await scoreTypes(routes.records)(PROJECT, [row(verdict, 'CATEGORICAL', null, 'bad'), row(yes, 'NUMERIC', 1, null), row(range, 'NUMERIC', 0.5, null)]),
    ).toEqual([row(verdict, 'CATEGORICAL', -1, 'bad'), row(yes, 'BOOLEAN', 1, 'True'), row(range, 'NUMERIC', 0.5, null)]);
    expect(await scoreTypes(away)(PROJECT, [row(yes, 'NUMERIC', 1, null)])).toEqual([row(yes, 'NUMERIC', 1, null)]);
  });
});
