// Annotation queues over real records: queues, items and their states, assignments of members only, other projects, bad input.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT, openRoutes, type RoutesFixture } from '#observe/api/routes-fixture.ts';
import { memberRoutes } from '#observe/members/routes.ts';
import { scoreConfigRoutes } from '#observe/score-configs/routes.ts';
import { PROJECT } from '#observe/store/rows-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { queueOverviewRoutes } from './overview-routes.ts';
import { annotationQueueRoutes } from './routes.ts';

let routes: RoutesFixture;
const all = '/api/public/annotation-queues';
let config = '';
let queue = '';

beforeAll(async () => {
  routes = await openRoutes((records) => [
    ...annotationQueueRoutes(records),
    ...queueOverviewRoutes(records),
    ...memberRoutes(records),
    ...scoreConfigRoutes(records),
  ]);
  await routes.records.query(sql`INSERT INTO users (id, name, email) VALUES ('taro', 'Taro', 'taro@example.com'), ('stranger', 'S', 's@example.com')`);
  await routes.records.query(sql`INSERT INTO memberships (user_id, organization_id, role) VALUES ('taro', 'o', 'member')`);
  config = String((await routes.call('POST', '/api/public/score-configs', { name: 'c', dataType: 'BOOLEAN' })).body.id);
});
afterAll(async () => await routes?.close());

describe('annotation queues', () => {
  it('are made of known score configs, under one name once', async () => {
    const made = await routes.call('POST', all, { name: '品質', description: 'd', scoreConfigIds: [config] });
    expect(made.body).toEqual({
      id: expect.any(String),
      name: '品質',
      description: 'd',
      scoreConfigIds: [config],
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    queue = String(made.body.id);
    expect((await routes.call('GET', `${all}/${queue}`)).body).toEqual(made.body);
    expect((await routes.call('GET', all)).body).toMatchObject({ data: [{ id: queue }], meta: { totalItems: 1 } });
    expect((await routes.call('POST', all, { name: '品質', scoreConfigIds: [] })).status).toBe(409);
    expect((await routes.call('POST', all, { name: 'x', scoreConfigIds: ['absent'] })).status).toBe(400);
    expect((await routes.call('POST', all, { name: 'x', scoreConfigIds: [], more: 1 })).status).toBe(400);
    expect((await routes.call('GET', `${all}/${queue}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
  });

  it('hold items that are completed, reopened and taken out', async () => {
    const items = `${all}/${queue}/items`;
    const made = await routes.call('POST', items, { objectId: 't', objectType: 'TRACE' });
    expect(made.body).toEqual({
      id: expect.any(String),
      queueId: queue,
      objectId: 't',
      objectType: 'TRACE',
      status: 'PENDING',
      completedAt: null,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    });
    expect((await routes.call('POST', items, { objectId: 's', objectType: 'SESSION', status: 'COMPLETED' })).body.completedAt).not.toBeNull();
    const item = `${items}/${made.body.id}`;
    expect((await routes.call('PATCH', item, { status: 'COMPLETED' })).body).toMatchObject({ status: 'COMPLETED', completedAt: expect.any(String) });
    expect((await routes.call('PATCH', item, { status: 'PENDING' })).body).toMatchObject({ status: 'PENDING', completedAt: null });
    expect((await routes.call('GET', item)).body).toMatchObject({ id: made.body.id });
    expect((await routes.call('GET', `${items}?status=COMPLETED`)).body).toMatchObject({ data: [{ objectId: 's' }], meta: { totalItems: 1 } });
    expect((await routes.call('DELETE', item)).body).toEqual({ success: true, message: 'Annotation queue item deleted successfully' });
    for (const method of ['GET', 'DELETE']) expect((await routes.call(method, item)).status).toBe(404);
    expect((await routes.call('PATCH', item, { status: 'PENDING' })).status).toBe(404);
    expect((await routes.call('POST', items, { objectId: 't', objectType: 'PROMPT' })).status).toBe(400);
    expect((await routes.call('GET', `${items}?status=OPEN`)).status).toBe(400);
    expect((await routes.call('GET', `${all}/absent/items`)).status).toBe(404);
  });

  it('are assigned to members', async () => {
    const assignments = `${all}/${queue}/assignments`;
    for (let time = 0; time < 2; time += 1)
      expect((await routes.call('POST', assignments, { userId: 'taro' })).body).toEqual({ userId: 'taro', queueId: queue, projectId: PROJECT });
    expect((await routes.call('GET', '/api/public/unstable/annotation-queues')).body).toEqual({
      data: [expect.objectContaining({ id: queue, name: '品質', scoreConfigIds: [config], pending: 0, completed: 1, assigneeIds: ['taro'] })],
    });
    for (const userId of ['stranger', 'absent']) expect((await routes.call('POST', assignments, { userId })).status).toBe(404);
    expect((await routes.call('DELETE', assignments, { userId: 'taro' })).body).toEqual({ success: true });
    expect(await routes.records.query(sql`SELECT * FROM annotation_queue_assignments`)).toEqual([]);
    expect((await routes.call('DELETE', assignments, {})).status).toBe(400);
  });

  it('show the people of the organisation by name and nobody else, without addresses', async () => {
    expect((await routes.call('GET', '/api/public/unstable/members')).body).toEqual({ data: [{ id: 'taro', name: 'Taro' }] });
    const other = await routes.call('GET', '/api/public/unstable/annotation-queues', undefined, projectKey(OTHER_PROJECT));
    expect(other.body).toEqual({ data: [] });
  });
});
