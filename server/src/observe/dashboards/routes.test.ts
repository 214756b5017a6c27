// Dashboards, widgets and placements over real records: the shapes of Langfuse's unstable API, what is refused, what comes with the platform, clones, projects apart.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { checkWidget } from './chart-rules.ts';
import { CURATED_DASHBOARDS, curatedWidget } from './curated.ts';
import { dashboardRoutes } from './dashboard-routes.ts';
import { placementRoutes } from './placement-routes.ts';
import { moved, spotOfNew } from './placing.ts';
import type { Placement } from './schema.ts';
import { widgetRoutes } from './widget-routes.ts';

const BASE = '/api/public/unstable';
let fixture: RoutesFixture;
beforeAll(async () => {
  fixture = await openRoutes((records) => [...dashboardRoutes(records), ...placementRoutes(records), ...widgetRoutes(records)]);
});
afterAll(async () => await fixture.close());

const call = (method: string, path: string, body?: unknown) => fixture.call(method, `${BASE}${path}`, body);
const COST = {
  name: 'Cost by model',
  view: 'observations',
  dimensions: [{ field: 'providedModelName' }],
  metrics: [{ measure: 'totalCost', agg: 'sum' }],
  filters: [{ column: 'environment', type: 'stringOptions', operator: 'any of', value: ['default'] }],
  chartType: 'HORIZONTAL_BAR',
};

async function made(path: string, body: unknown): Promise<string> {
  const { status, body: answer } = await call('POST', path, body);
  expect(status, JSON.stringify(answer)).toBe(200);
  return answer.id as unknown as string;
}

describe('widgets', () => {
  it('are created, read, changed and listed, newest change first', async () => {
    const created = await call('POST', '/dashboard-widgets', { ...COST, chartConfig: { row_limit: 5 } });
    expect(created.body).toEqual({
      ...COST,
      id: expect.any(String),
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      description: '',
      chartConfig: { type: 'HORIZONTAL_BAR', row_limit: 5 },
    });
    const id = created.body.id as unknown as string;
    const other = await made('/dashboard-widgets', { ...COST, name: 'Other' });
    expect((await call('PATCH', `/dashboard-widgets/${id}`, { description: 'why' })).body).toMatchObject({ description: 'why', chartConfig: { row_limit: 5 } });
    // Another chart has another configuration.
    expect((await call('PATCH', `/dashboard-widgets/${id}`, { chartType: 'PIE' })).body).toMatchObject({ chartType: 'PIE', chartConfig: { type: 'PIE' } });
    const listed = await call('GET', '/dashboard-widgets?limit=1');
    expect(listed.body).toMatchObject({ data: [{ id }], meta: { page: 1, limit: 1, totalItems: 2, totalPages: 2 } });
    expect((await call('DELETE', `/dashboard-widgets/${other}`)).status).toBe(200);
    expect((await call('GET', `/dashboard-widgets/${other}`)).body).toMatchObject({ code: 'resource_not_found' });
  });

  it('whose query could not be asked or drawn are refused when they are written', async () => {
    const refused = async (part: object) => {
      const { status, body } = await call('POST', '/dashboard-widgets', { ...COST, ...part });
      expect(status, JSON.stringify(body)).toBe(400);
      return JSON.stringify(body);
    };
    expect(await refused({ view: 'traces' })).toContain('use observations');
    expect(await refused({ metrics: [{ measure: 'nothing', agg: 'sum' }] })).toContain('Invalid measure: nothing');
    expect(await refused({ dimensions: [{ field: 'nothing' }] })).toContain('Invalid dimension: nothing');
    expect(await refused({ filters: [{ column: 'nothing', type: 'string', operator: '=', value: 'x' }] })).toContain('Invalid filter column');
    expect(await refused({ chartType: 'NUMBER' })).toContain('NUMBER takes 0 dimensions');
    expect(await refused({ chartType: 'HISTOGRAM', dimensions: [] })).toContain('belong together');
    expect(await refused({ metrics: [...COST.metrics, { measure: 'count', agg: 'count' }] })).toContain('takes 1 metric');
    expect(await refused({ chartConfig: { type: 'PIE' } })).toContain('must be the same');
    expect(await refused({ chartType: 'PIVOT_TABLE', chartConfig: { defaultSort: { column: 'nothing', order: 'ASC' } } })).toContain('sum_totalCost');
    expect(await refused({ name: '  ' })).toContain('name');
    const id = await made('/dashboard-widgets', COST);
    expect((await call('PATCH', `/dashboard-widgets/${id}`, {})).status).toBe(400);
    expect((await call('PATCH', `/dashboard-widgets/${id}`, { view: 'scores-numeric' })).status).toBe(400);
  });

  it('of any content that the schema lets through are answered, never a fault of the server', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          name: fc.string(),
          view: fc.constantFrom('observations', 'scores-numeric', 'scores-categorical', 'traces', 'x'),
          dimensions: fc.array(fc.record({ field: fc.constantFrom('name', 'environment', 'constructor', '') }), { maxLength: 4 }),
          metrics: fc.array(
            fc.record({ measure: fc.constantFrom('count', 'value', 'latency', '__proto__'), agg: fc.constantFrom('count', 'histogram', 'p95', 'x') }),
            {
              maxLength: 3,
            },
          ),
          filters: fc.constantFrom([], [{ column: 'name', type: 'string', operator: '=', value: '\u0000' }]),
          chartType: fc.constantFrom('PIE', 'NUMBER', 'PIVOT_TABLE', 'LINE_TIME_SERIES'),
        }),
        async (body) => {
          const { status } = await call('POST', '/dashboard-widgets', body);
          expect([200, 400]).toContain(status);
        },
      ),
    );
  });
});

describe('dashboards', () => {
  it('are created with their tiles, changed and deleted; a widget on one cannot be deleted', async () => {
    const widgetId = await made('/dashboard-widgets', COST);
    const tile = { type: 'widget', id: 'a', widgetId, x: 0, y: 0, width: 6, height: 4 };
    const filters = [{ column: 'environment', type: 'stringOptions', operator: 'none of', value: ['llm-as-a-judge'] }];
    const created = await call('POST', '/dashboards', { name: 'Mine', definition: { widgets: [tile] }, filters });
    expect(created.body).toEqual({
      id: expect.any(String),
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      name: 'Mine',
      description: '',
      definition: { widgets: [tile] },
      filters,
      owner: 'PROJECT',
    });
    const id = created.body.id as unknown as string;
    expect((await call('DELETE', `/dashboard-widgets/${widgetId}`)).body).toMatchObject({ code: 'conflict' });
    expect((await call('PATCH', `/dashboards/${id}`, { name: 'Ours' })).body).toMatchObject({ name: 'Ours', definition: { widgets: [tile] } });
    expect((await call('PATCH', `/dashboards/${id}`, { definition: { widgets: [tile, tile] } })).status).toBe(400);
    expect((await call('PATCH', `/dashboards/${id}`, { definition: { widgets: [{ ...tile, widgetId: 'none' }] } })).status).toBe(404);
    expect((await call('PATCH', `/dashboards/${id}`, { filters: [{ column: 'none', type: 'string', operator: '=', value: '' }] })).status).toBe(400);
    expect((await call('DELETE', `/dashboards/${id}`)).status).toBe(200);
    expect((await call('DELETE', `/dashboard-widgets/${widgetId}`)).status).toBe(200);
  });

  it('take tiles one by one: below the others unless said otherwise, moved, resized, removed', async () => {
    const widgetId = await made('/dashboard-widgets', COST);
    const id = await made('/dashboards', { name: 'Tiles' });
    const path = `/dashboards/${id}/placements`;
    const first = await call('POST', path, { type: 'widget', widgetId });
    expect(first.body).toEqual({ type: 'widget', id: expect.any(String), widgetId, x: 0, y: 0, width: 6, height: 6 });
    expect((await call('POST', path, { type: 'widget', widgetId, id: 'two', width: 12 })).body).toMatchObject({ id: 'two', x: 0, y: 6, width: 12 });
    expect((await call('POST', path, { type: 'widget', widgetId, id: 'two' })).status).toBe(409);
    expect(JSON.stringify((await call('POST', path, { type: 'preset', presetId: 'x' })).body)).toContain('presets are tiles of Langfuse');
    expect((await call('PATCH', `${path}/two`, { x: 11, width: 4 })).body).toMatchObject({ x: 8, y: 6, width: 4, height: 6 });
    expect((await call('PATCH', `${path}/two`, {})).status).toBe(400);
    expect((await call('PATCH', `${path}/none`, { x: 1 })).status).toBe(404);
    expect((await call('DELETE', `${path}/two`)).status).toBe(200);
    expect((await call('GET', `/dashboards/${id}`)).body).toMatchObject({ definition: { widgets: [{ id: first.body.id }] } });
  });

  it('lose no tile when two are added at once', async () => {
    const widgetId = await made('/dashboard-widgets', COST);
    const id = await made('/dashboards', { name: 'Both' });
    await Promise.all(Array.from({ length: 8 }, () => call('POST', `/dashboards/${id}/placements`, { type: 'widget', widgetId })));
    const { body } = await call('GET', `/dashboards/${id}`);
    const ys = (body.definition as unknown as { widgets: Placement[] }).widgets.map(({ y }) => y);
    expect(ys).toEqual([0, 6, 12, 18, 24, 30, 36, 42]);
  });

  it('of another project are not there', async () => {
    const id = await made('/dashboards', { name: 'Theirs not' });
    const theirs = projectKey(OTHER_PROJECT);
    expect((await fixture.call('GET', `${BASE}/dashboards/${id}`, undefined, theirs)).status).toBe(404);
    expect((await fixture.call('PATCH', `${BASE}/dashboards/${id}`, { name: 'x' }, theirs)).status).toBe(404);
    expect((await fixture.call('DELETE', `${BASE}/dashboards/${id}`, undefined, theirs)).status).toBe(404);
    const widgetId = await made('/dashboard-widgets', COST);
    const placed = { name: 'x', definition: { widgets: [{ type: 'widget', id: 'a', widgetId, x: 0, y: 0, width: 1, height: 1 }] } };
    expect((await fixture.call('POST', `${BASE}/dashboards`, placed, theirs)).status).toBe(404);
  });
});

describe('dashboards of the platform', () => {
  it('ask only what can be asked, and no tile lies on another', () => {
    for (const { placements, id } of CURATED_DASHBOARDS) {
      const cells = new Set<string>();
      for (const { widgetId, x, y, width, height } of placements) {
        const widget = curatedWidget(widgetId);
        expect(widget, widgetId).not.toBeNull();
        if (widget) checkWidget(widget);
        expect(x + width, widgetId).toBeLessThanOrEqual(12);
        for (let column = x; column < x + width; column++)
          for (let row = y; row < y + height; row++) {
            expect(cells.has(`${column},${row}`), `${id} ${widgetId}`).toBe(false);
            cells.add(`${column},${row}`);
          }
      }
    }
  });

  it('follow the own ones in the list, page by page', async () => {
    const all = (await call('GET', '/dashboards?limit=100')).body.data;
    expect(all.slice(-3)).toMatchObject([
      { id: 'curated-cost', owner: 'PLATFORM' },
      { id: 'curated-latency' },
      { id: 'curated-usage', names: { ja: '利用状況' } },
    ]);
    const paged = [];
    for (let page = 1; page <= all.length; page++) paged.push(...(await call('GET', `/dashboards?limit=1&page=${page}`)).body.data);
    expect(paged).toEqual(all);
    expect((await call('GET', `/dashboards?limit=1&page=${all.length + 1}`)).body.data).toEqual([]);
  });

  it('cannot be changed, and their clone can', async () => {
    expect((await call('GET', '/dashboards/curated-cost')).body).toMatchObject({ name: 'Cost' });
    for (const [method, path, body] of [
      ['PATCH', '/dashboards/curated-cost', { name: 'x' }],
      ['DELETE', '/dashboards/curated-cost', undefined],
      ['POST', '/dashboards/curated-cost/placements', { type: 'widget', widgetId: 'curated-cost-total' }],
      ['PATCH', '/dashboard-widgets/curated-cost-total', { name: 'x' }],
      ['DELETE', '/dashboard-widgets/curated-cost-total', undefined],
    ] as const)
      expect(await call(method, path, body), path).toMatchObject({ status: 403, body: { code: 'access_denied' } });
    const { body } = await call('POST', '/dashboards/curated-cost/clone', { language: 'ja' });
    expect(body).toMatchObject({ name: 'コスト(コピー)', owner: 'PROJECT' });
    const tiles = (body.definition as unknown as { widgets: Placement[] }).widgets;
    expect(tiles).toHaveLength(CURATED_DASHBOARDS[0]?.placements.length ?? 0);
    expect((await call('PATCH', `/dashboard-widgets/${tiles[0]?.widgetId}`, { name: 'changed' })).body).toMatchObject({ name: 'changed' });
    const again = await call('POST', `/dashboards/${body.id}/clone`, { name: 'Third' });
    expect((again.body.definition as unknown as { widgets: Placement[] }).widgets[0]?.widgetId).not.toBe(tiles[0]?.widgetId);
  });
});

describe('the grid', () => {
  const spot = fc.record({
    x: fc.integer({ min: 0, max: 11 }),
    y: fc.integer({ min: 0, max: 500 }),
    width: fc.integer({ min: 1, max: 12 }),
    height: fc.integer({ min: 1, max: 100 }),
  });
  it('holds every tile inside its twelve columns', () => {
    fc.assert(
      fc.property(
        fc.array(spot, { maxLength: 5 }),
        fc.record({ x: fc.option(fc.integer({ min: 0, max: 11 })), width: fc.option(fc.integer({ min: 1, max: 12 })) }),
        (others, wished) => {
          const placements = others.map((one, index) => ({ ...one, type: 'widget' as const, id: String(index), widgetId: 'w' }));
          const added = spotOfNew(wished, placements);
          expect(added.x).toBeGreaterThanOrEqual(0);
          expect(added.x + added.width).toBeLessThanOrEqual(12);
          for (const { y, height } of others) expect(added.y).toBeGreaterThanOrEqual(y + height);
          for (const placement of placements) {
            const after = moved(placement, wished);
            expect(after.x).toBeGreaterThanOrEqual(0);
            expect(after.x + after.width).toBeLessThanOrEqual(12);
          }
        },
      ),
    );
  });
});

describe('what queries can be made of', () => {
  it('is told by view', async () => {
    const { views } = (await call('GET', '/metrics-options')).body as unknown as { views: { view: string; measures: unknown[]; filters: unknown[] }[] };
    expect(views.map(({ view }) => view)).toEqual(['observations', 'scores-numeric', 'scores-categorical', 'scores-boolean']);
    expect(views[0]?.measures).toContainEqual({ measure: 'totalCost', kind: 'number' });
    expect(views[0]?.filters).toContainEqual({ column: 'metadata', holds: 'metadata' });
  });
});
