// The API of alerts: shapes, refusals, sealed addresses, test messages, previews, projects apart.
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OTHER_PROJECT } from '#observe/api/routes-fixture.ts';
import { projectKey } from '#observe/traces/reads-fixture.ts';
import { sql } from '#stores/records/sql.ts';
import { type AlertsFixture, openAlertsFixture } from './alerts-fixture.ts';

const BASE = '/api/public/unstable';
let fixture: AlertsFixture;
beforeAll(async () => {
  fixture = await openAlertsFixture();
});
afterAll(async () => await fixture.close());

const call = (method: string, path: string, body?: unknown) => fixture.routes.call(method, `${BASE}${path}`, body);
const COST = {
  kind: 'threshold',
  name: 'Cost',
  view: 'observations',
  measure: 'totalCost',
  aggregation: 'sum',
  comparison: '>',
  threshold: 5,
  windowMinutes: 10,
};

describe('receivers', () => {
  it('keep their address and secret sealed, and show the host alone', async () => {
    const created = await call('POST', '/alert-receivers', {
      kind: 'webhook',
      name: 'ops',
      url: 'https://hooks.example.com/very/secret',
      secret: 'another-secret',
    });
    expect(created.body).toMatchObject({ name: 'ops', kind: 'webhook', target: 'hooks.example.com/…', language: 'en', lastError: null });
    const stored = JSON.stringify(await fixture.routes.records.query(sql`SELECT * FROM alert_receivers`));
    for (const text of ['very', 'another-secret']) {
      expect(JSON.stringify(created.body)).not.toContain(text);
      expect(stored).not.toContain(text);
    }
    const path = `/alert-receivers/${created.body.id}`;
    expect((await call('PUT', path, { kind: 'webhook', name: 'ops 2', url: 'https://other.example.com/x', language: 'ja' })).body).toMatchObject({
      name: 'ops 2',
      target: 'other.example.com/…',
    });
    expect((await call('GET', '/alert-receivers')).body).toMatchObject({
      data: [{ name: 'ops 2', language: 'ja' }],
      meta: { totalItems: 1 },
      mailServer: true,
    });
    expect((await fixture.routes.call('GET', `${BASE}${path}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
    expect((await call('DELETE', path)).status).toBe(200);
  });

  it('may only be where the way out leads', async () => {
    for (const url of [
      'http://169.254.169.254/latest',
      'https://10.0.0.1/x',
      'https://localhost/x',
      'ftp://example.com',
      'https://user:pass@example.com/x',
      'x',
    ])
      expect((await call('POST', '/alert-receivers', { kind: 'slack', name: 'x', url })).status, url).toBe(400);
    expect((await call('POST', '/alert-receivers', { kind: 'email', name: 'x', to: ['no address'] })).status).toBe(400);
    expect((await call('POST', '/alert-receivers', { kind: 'webhook', name: 'two\nlines', url: 'https://example.com' })).status).toBe(400);
  });

  it('get a test message at once, and a failure is said and kept', async () => {
    const { body } = await call('POST', '/alert-receivers', { kind: 'webhook', name: 'tested', url: `${fixture.hookUrl}/tested` });
    expect((await call('POST', `/alert-receivers/${body.id}/test`)).body).toMatchObject({ sent: true, error: null });
    expect(fixture.received.at(-1)?.body).toMatchObject({ event: 'test', rule: { name: 'tested' } });
    fixture.answer = () => ({ status: 500 });
    expect((await call('POST', `/alert-receivers/${body.id}/test`)).body).toMatchObject({ sent: false, error: 'answered 500: no room' });
    fixture.answer = () => ({ status: 200 });
    expect((await call('GET', `/alert-receivers/${body.id}`)).body).toMatchObject({ lastError: 'answered 500: no room' });
    expect((await call('POST', '/alert-receivers/none/test')).status).toBe(404);
  });
});

describe('rules', () => {
  it('are created, listed, replaced and deleted; a receiver that one names stays', async () => {
    const receiver = (await call('POST', '/alert-receivers', { kind: 'slack', name: 'named', url: 'https://hooks.slack.com/x' })).body.id as unknown as string;
    const created = await call('POST', '/alert-rules', { ...COST, receiverIds: [receiver] });
    expect(created.body).toMatchObject({
      ...COST,
      enabled: true,
      severity: 'warning',
      filters: [],
      forMinutes: 0,
      whenNoData: 'ok',
      state: 'ok',
      everyMinutes: 1,
    });
    expect((await call('DELETE', `/alert-receivers/${receiver}`)).body).toMatchObject({ code: 'conflict' });
    expect((await call('POST', '/alert-rules', COST)).body).toMatchObject({ code: 'name_conflict' });
    const path = `/alert-rules/${created.body.id}`;
    const silence = { kind: 'silence', name: 'Quiet', windowMinutes: 90, view: 'scores-numeric' };
    const replaced = (await call('PUT', path, silence)).body;
    expect(replaced).toMatchObject({ ...silence, everyMinutes: 5, receiverIds: [] });
    expect(replaced).not.toHaveProperty('threshold');
    expect((await call('PATCH', path, { enabled: false })).body).toMatchObject({ ...silence, state: 'off' });
    expect((await fixture.routes.call('GET', `${BASE}/alert-rules`, undefined, projectKey(OTHER_PROJECT))).body.data).toEqual([]);
    expect((await fixture.routes.call('DELETE', `${BASE}${path}`, undefined, projectKey(OTHER_PROJECT))).status).toBe(404);
    expect((await call('DELETE', path)).status).toBe(200);
    expect((await call('DELETE', `/alert-receivers/${receiver}`)).status).toBe(200);
  });

  it('that could not be measured or tell nobody known are refused when they are written', async () => {
    const refused = async (part: object) => {
      const { status, body } = await call('POST', '/alert-rules', { ...COST, name: 'refused', ...part });
      return `${status} ${JSON.stringify(body)}`;
    };
    expect(await refused({ measure: 'nothing' })).toContain('400 {"message":"Invalid measure: nothing');
    expect(await refused({ aggregation: 'histogram' })).toContain('400');
    expect(await refused({ filters: [{ type: 'string', column: 'nothing', operator: '=', value: '' }] })).toContain('Invalid filter column');
    expect(await refused({ windowMinutes: 0 })).toContain('400');
    expect(await refused({ forMinutes: 0.5 })).toContain('400');
    expect(await refused({ threshold: 'much' })).toContain('400');
    expect(await refused({ receiverIds: ['nobody'] })).toContain('404');
  });

  it('are previewed as they would have measured', async () => {
    Object.assign(fixture, { value: 6, asked: [] });
    const { body } = await call('POST', '/alert-rules/preview', COST);
    const { points } = body as unknown as { points: { at: string; value: number; breach: boolean }[] };
    expect(points).toHaveLength(30);
    expect(points.every(({ value, breach }) => value === 6 && breach)).toBe(true);
    expect(fixture.asked.map(({ toTimestamp }) => toTimestamp).sort()).toEqual(points.map(({ at }) => at));
    expect((await call('POST', '/alert-rules/preview', { ...COST, measure: 'nothing' })).status).toBe(400);
  });

  it('of any content are answered, never by a fault of the server', async () => {
    const any = fc.record(
      {
        kind: fc.constantFrom('threshold', 'silence', 'x'),
        name: fc.string(),
        view: fc.constantFrom('observations', 'traces', 'scores-boolean', '__proto__'),
        measure: fc.constantFrom('count', 'value', 'constructor', ''),
        aggregation: fc.constantFrom('sum', 'p95', 'x'),
        comparison: fc.constantFrom('>', '='),
        threshold: fc.oneof(fc.double(), fc.constant('1')),
        windowMinutes: fc.oneof(fc.integer(), fc.double()),
        filters: fc.constantFrom([], [{ column: 'name', type: 'string', operator: '=', value: '\u0000' }], 'x'),
      },
      { requiredKeys: [] },
    );
    await fc.assert(
      fc.asyncProperty(any, async (body) => {
        const { status } = await call('POST', '/alert-rules', body);
        expect([200, 400, 409]).toContain(status);
      }),
    );
  });
});
