// Models over real records, and what they do to usage without a cost: names in PostgreSQL's dialect, start dates, tiers, exact money, patterns that never end.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import type { PriceUsage } from '#observe/fold/port.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { costOf, matches, patternOf } from './price.ts';
import { openProjectModels, type ProjectModels } from './project-models.ts';
import { modelRoutes } from './routes.ts';

let routes: RoutesFixture;
let models: ProjectModels;
let price: PriceUsage;
const all = '/api/public/models';
const create = (body: Record<string, unknown>) => routes.call('POST', all, body);
const house = { costDetails: {}, totalCost: '99', currency: 'USD', priceId: 'house', modelId: 'house' };
const NOW = new Date('2026-11-20T12:00:00Z');

async function until(condition: () => boolean): Promise<void> {
  for (let attempt = 0; attempt < 1_000 && !condition(); attempt += 1) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(condition()).toBe(true);
}

beforeAll(async () => {
  routes = await openRoutes(modelRoutes);
  models = await openProjectModels(routes.records, (error) => {
    throw error;
  });
  price = models.pricer(() => house);
});
afterAll(async () => {
  await models?.close();
  await routes?.close();
});

describe('models', () => {
  it('are created with flat prices, read, listed and deleted', async () => {
    const made = await create({
      modelName: 'own',
      matchPattern: '(?i)^(own\\/)?model-a$',
      inputPrice: 1.5e-7,
      outputPrice: 6e-7,
      tokenizerId: 'openai',
      tokenizerConfig: { a: 1 },
    });
    expect(made.status).toBe(200);
    expect(made.body).toEqual({
      id: expect.any(String),
      modelName: 'own',
      matchPattern: '(?i)^(own\\/)?model-a$',
      startDate: null,
      unit: 'TOKENS',
      inputPrice: 1.5e-7,
      outputPrice: 6e-7,
      totalPrice: null,
      tokenizerId: 'openai',
      tokenizerConfig: { a: 1 },
      isLangfuseManaged: false,
      createdAt: expect.stringMatching(/Z$/),
      prices: { input: { price: 1.5e-7 }, output: { price: 6e-7 } },
      pricingTiers: [{ id: expect.any(String), name: 'Standard', isDefault: true, priority: 0, conditions: [], prices: { input: 1.5e-7, output: 6e-7 } }],
    });
    expect((await routes.call('GET', `${all}/${made.body.id}`)).body).toEqual(made.body);
    expect((await routes.call('GET', all)).body.meta).toMatchObject({ totalItems: 1 });
    expect((await routes.call('GET', `${all}/${made.body.id}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
    await until(() => price('OWN/Model-A', { input: 1_000, output: 10 }, NOW, PROJECT)?.totalCost === '0.000156');
    expect(price('own/model-a', { input: 1_000, output: 10, total: 1_010 }, NOW, PROJECT)).toEqual({
      costDetails: { input: '0.00015', output: '0.000006', total: '0.000156' },
      totalCost: '0.000156',
      currency: 'USD',
      priceId: expect.any(String),
      modelId: made.body.id,
    });
    expect([price('model-b', { input: 1 }, NOW, PROJECT), price('model-a', { input: 1 }, NOW, OTHER_PROJECT)]).toEqual([house, house]);
    expect((await routes.call('DELETE', `${all}/${made.body.id}`)).status).toBe(204);
    expect((await routes.call('DELETE', `${all}/${made.body.id}`)).status).toBe(404);
    await until(() => price('model-a', { input: 1 }, NOW, PROJECT) === house);
  });

  it('price by tier and by the date they begin at', async () => {
    const tiers = [
      {
        name: 'long',
        isDefault: false,
        priority: 1,
        conditions: [{ usageDetailPattern: '^input', operator: 'gt', value: 200 }],
        prices: { input: 2, output: 4 },
      },
      { name: 'short', isDefault: true, priority: 0, conditions: [], prices: { input: 1, output: 2, input_cached: 0.5 } },
    ];
    const made = await create({ modelName: 'tiered', matchPattern: '^tiered$', pricingTiers: tiers });
    expect((made.body.pricingTiers as unknown as { name: string }[]).map(({ name }) => name)).toEqual(['short', 'long']);
    await create({ modelName: 'tiered', matchPattern: '^tiered$', totalPrice: 7, startDate: '2026-12-01T00:00:00Z' });
    await until(() => price('tiered', { input: 1 }, new Date('2026-12-02T00:00:00Z'), PROJECT) === null);
    expect(price('tiered', { input: 100, input_cached: 100, output: 1 }, NOW, PROJECT)).toMatchObject({
      costDetails: { input: '100', input_cached: '50', output: '2', total: '152' },
    });
    expect(price('tiered', { input: 101, input_cached: 100 }, NOW, PROJECT)?.totalCost).toBe('202');
    expect(price('tiered', { input: 1, total: 3 }, new Date('2026-12-02T00:00:00Z'), PROJECT)).toMatchObject({ costDetails: { total: '21' } });
  });

  it('are refused when prices and patterns do not fit', async () => {
    const base = { modelName: 'm', matchPattern: 'm' };
    const tier = { name: 'a', isDefault: true, priority: 0, conditions: [], prices: { input: 1 } };
    const condition = { usageDetailPattern: 'input', operator: 'gt', value: 1 };
    for (const over of [
      {},
      { inputPrice: 1, totalPrice: 1 },
      { inputPrice: -1 },
      { inputPrice: 1, pricingTiers: [tier] },
      { pricingTiers: [] },
      { pricingTiers: [{ ...tier, priority: 1 }] },
      { pricingTiers: [{ ...tier, conditions: [condition] }] },
      { pricingTiers: [tier, { ...tier, name: 'b', isDefault: false, priority: 1 }] },
      { pricingTiers: [tier, { ...tier, isDefault: false, priority: 1, conditions: [condition] }] },
      {
        pricingTiers: [
          tier,
          { ...tier, name: 'b', isDefault: false, priority: 1, conditions: [{ source: 'metadata', key: 'k', operator: 'any of', values: ['v'] }] },
        ],
      },
      { pricingTiers: [{ ...tier, prices: {} }] },
      { inputPrice: 1, matchPattern: '(' },
      { inputPrice: 1, matchPattern: '(?<name>a)' },
      { inputPrice: 1, unit: 'WORDS' },
    ])
      expect([over, (await create({ ...base, ...over })).status]).toEqual([over, 400]);
  });
});

describe('patterns and costs', () => {
  it('end what never ends, and match nothing with it', () => {
    expect(matches({ matchPattern: '^(a+)+$' }, `${'a'.repeat(50_000)}!`)).toBe(false);
    expect(patternOf('(?i)^GPT').test('gpt-4o')).toBe(true);
    expect(patternOf('^GPT').test('gpt-4o')).toBe(false);
  });

  it('are exact whatever the counts', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e9 }), fc.integer({ min: 0, max: 1e9 }), (input, output) => {
        const cost = costOf({ input: 1e-7, output: 3e-7 }, { input, output });
        expect(Number(cost?.totalCost)).toBeCloseTo(input * 1e-7 + output * 3e-7, 6);
      }),
    );
    expect(costOf({ input: 1 }, { output: 1 })).toBeNull();
    expect(costOf({ __proto__: 1, input: 1 } as never, { input: 2 })).toMatchObject({ totalCost: '2' });
  });
});
