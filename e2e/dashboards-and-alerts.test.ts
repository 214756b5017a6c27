// Dashboards and alerts in a started platform: made by the API, arranged in the console by keys; a rule fires and its receiver is told.
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call } from './client.ts';
import { need } from './needs.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
const executablePath = need('chromium');
const ARGUMENTS = ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--disable-background-networking', '--no-first-run'];
const NEW_PASSWORD = 'a-new-password-2026';

let hook: Server;
const received: { event: string; value: number; rule: { name: string }; link: string }[] = [];

beforeAll(async () => {
  hook = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push(JSON.parse(Buffer.concat(chunks).toString()) as (typeof received)[number]);
      response.writeHead(200).end();
    });
  });
  await new Promise<void>((resolve) => hook.listen(0, '127.0.0.1', resolve));
  platform = await startPlatform({ flags: ['--egress-allow', '127.0.0.1'] });
});
afterAll(async () => {
  await platform?.stop();
  hook?.closeAllConnections();
  hook?.close();
});

const publicApi = (method: string, path: string, body?: unknown) =>
  call(`${platform.observeUrl}/api/public${path}`, {
    method,
    basic: [platform.keys.publicKey, platform.keys.secretKey],
    ...(body === undefined ? {} : { body }),
  });

/** A generation of a minute ago that cost half a dollar. */
async function spend(id: string, model: string): Promise<void> {
  const at = new Date(Date.now() - 60_000).toISOString();
  const body = { id, traceId: `t-${id}`, name: 'answer', model, startTime: at, endTime: new Date().toISOString(), costDetails: { total: 0.5 } };
  const { status } = await publicApi('POST', '/ingestion', { batch: [{ id: `e-${id}`, type: 'generation-create', timestamp: at, body }] });
  expect(status).toBe(207);
}

describe('dashboards and alerts', () => {
  let dashboardId = '';

  it('are made by the API with a widget that the metrics API answers', async () => {
    await spend('one', 'gpt-4o');
    const widget = {
      name: 'Cost by model',
      view: 'observations',
      dimensions: [{ field: 'providedModelName' }],
      metrics: [{ measure: 'totalCost', agg: 'sum' }],
      filters: [],
      chartType: 'HORIZONTAL_BAR',
    };
    const created = await publicApi('POST', '/unstable/dashboard-widgets', widget);
    expect(created.status, created.text).toBe(200);
    const dashboard = await publicApi('POST', '/unstable/dashboards', { name: 'Ours' });
    dashboardId = String(dashboard.body.id);
    for (const place of [
      { width: 6, height: 4 },
      { x: 6, y: 0 },
    ])
      expect((await publicApi('POST', `/unstable/dashboards/${dashboardId}/placements`, { type: 'widget', widgetId: created.body.id, ...place })).status).toBe(
        200,
      );
    const query = {
      view: widget.view,
      dimensions: widget.dimensions,
      metrics: [{ measure: 'totalCost', aggregation: 'sum' }],
      fromTimestamp: new Date(Date.now() - 3_600_000).toISOString(),
      toTimestamp: new Date(Date.now() + 60_000).toISOString(),
    };
    // Right after the start the engine may still be opening its store (503).
    await eventually('the cost', async () => {
      const { body } = await publicApi('GET', `/metrics?query=${encodeURIComponent(JSON.stringify(query))}`);
      return JSON.stringify(body.data) === '[{"providedModelName":"gpt-4o","sum_totalCost":0.5}]';
    });
  });

  it('fire when the cost is too high and when nothing comes in, and tell their receiver once', async () => {
    const url = `http://127.0.0.1:${(hook.address() as AddressInfo).port}/alerts`;
    const receiver = await publicApi('POST', '/unstable/alert-receivers', { kind: 'webhook', name: 'hook', url });
    expect(receiver.status, receiver.text).toBe(200);
    const receiverIds = [receiver.body.id];
    const cost = { kind: 'threshold', view: 'observations', measure: 'totalCost', aggregation: 'sum', comparison: '>', threshold: 0.4, windowMinutes: 60 };
    const silence = { kind: 'silence', windowMinutes: 60, filters: [{ type: 'string', column: 'environment', operator: '=', value: 'nowhere' }] };
    for (const rule of [
      { ...cost, name: 'cost' },
      { ...cost, name: 'high', threshold: 400 },
      { ...silence, name: 'silence' },
    ])
      expect((await publicApi('POST', '/unstable/alert-rules', { ...rule, receiverIds })).status).toBe(200);
    await eventually('two messages', async () => received.length === 2);
    expect(received.map(({ event, rule, value }) => [event, rule.name, value]).sort()).toEqual([
      ['firing', 'cost', 0.5],
      ['firing', 'silence', 0],
    ]);
    const { data } = (await publicApi('GET', '/unstable/alert-rules')).body as unknown as { data: { name: string; state: string }[] };
    expect(data.map(({ name, state }) => [name, state])).toEqual([
      ['cost', 'firing'],
      ['silence', 'firing'],
      ['high', 'ok'],
    ]);
  });

  it.skipIf(executablePath === null)('are shown and arranged by keys in the console, and a clone of what comes with the platform is drawn', async () => {
    const url = platform.gatewayUrl;
    await eventually('the console to be built', async () => (await fetch(`${url}/ui/`)).status === 200, 90_000);
    const browser = await chromium.launch({ executablePath: executablePath as string, args: ARGUMENTS });
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 860 }, locale: 'en-US' });
      const faults: string[] = [];
      page.on('pageerror', (error) => faults.push(error.message));
      const post = (path: string, data: unknown) => page.request.post(`${url}${path}`, { headers: { origin: url }, data });
      const { email, password } = platform.keys;
      expect((await post('/api/auth/sign-in/email', { email, password })).ok()).toBe(true);
      expect((await post('/api/auth/change-password', { currentPassword: password, newPassword: NEW_PASSWORD })).ok()).toBe(true);
      expect((await post('/api/auth/sign-in/email', { email, password: NEW_PASSWORD })).ok()).toBe(true);
      const session = (await (await page.request.get(`${url}/api/console/session`)).json()) as { projects: { id: string }[] };
      await page.goto(`${url}/project/${session.projects[0]?.id}/dashboards/${dashboardId}`);
      await page.getByText('$0.50').first().waitFor();

      await page.getByRole('button', { name: 'Edit', exact: true }).click();
      const tile = page.getByRole('region', { name: /^Cost by model: column 1,/ });
      await tile.focus();
      await page.keyboard.press('Shift+ArrowDown');
      await page.getByRole('region', { name: 'Cost by model: column 1, row 1, 6 wide, 5 high' }).waitFor();
      await page.keyboard.press('ArrowRight');
      await page.getByRole('region', { name: 'Cost by model: column 2, row 1, 6 wide, 5 high' }).waitFor();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('button', { name: 'Edit', exact: true }).waitFor();
      const { body } = await publicApi('GET', `/unstable/dashboards/${dashboardId}`);
      // The other one gave way downwards.
      expect(body.definition).toMatchObject({
        widgets: [
          { x: 1, y: 0, width: 6, height: 5 },
          { x: 6, y: 5 },
        ],
      });

      await page.goto(`${url}/ui/dashboards`);
      await page.getByRole('button', { name: 'Clone Cost' }).click();
      await page
        .getByRole('region', { name: /^Total cost/ })
        .getByText('$0.50')
        .waitFor();
      await page.goto(`${url}/ui/alerts`);
      await page.getByText('Cost > $0.40 over 60 min').waitFor();
      await page.getByRole('button', { name: 'Edit cost' }).click();
      // The threshold's line and what was measured until now.
      await page.getByRole('dialog').getByText('Threshold', { exact: true }).last().waitFor();
      await page.getByText(/^The condition held at [1-9]\d* of 30 moments/).waitFor();
      expect(faults).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
