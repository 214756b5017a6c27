import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createPages } from './pages.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pages-'));
  mkdirSync(join(folder, 'assets'));
  writeFileSync(join(folder, 'index.html'), 'the console');
  writeFileSync(join(folder, 'assets/app.js'), 'code');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function get(door: 'gateway' | 'observe', path: string, built = true) {
  const app = new Hono();
  const pages = createPages(door, () => (built ? folder : null));
  app.all('*', (http) => pages(http));
  return app.request(path);
}

describe('pages', () => {
  it('show Swagger at the gateway’s root and the console at the observe door’s', async () => {
    expect(await (await get('gateway', '/')).text()).toContain('swagger-ui');
    expect((await get('observe', '/')).headers.get('location')).toBe('/ui/');
  });
  it('open the console on every address of its own and of Langfuse', async () => {
    for (const path of ['/ui/', '/ui/traces', '/project/p1', '/project/p1/traces/t%2F1', '/project/p1/sessions/s']) {
      expect(await (await get('observe', path)).text(), path).toBe('the console');
    }
  });
  it('give assets as files and a missing asset as 404, never as a page', async () => {
    expect(await (await get('gateway', '/ui/assets/app.js')).text()).toBe('code');
    expect((await get('gateway', '/ui/assets/gone.js')).status).toBe(404);
  });
  it('say that the console is being built and come back by themselves', async () => {
    const response = await get('gateway', '/ui/', false);
    expect(response.status).toBe(503);
    expect(await response.text()).toContain('http-equiv="refresh"');
  });
  it('answer what is not there in the dialect of its path', async () => {
    expect(await (await get('gateway', '/v1/nothing')).json()).toMatchObject({ error: { code: '404' } });
    expect(await (await get('observe', '/api/public/nothing')).json()).toMatchObject({ error: 'LangfuseNotFoundError' });
    expect(await (await get('gateway', '/api/console/nothing')).json()).toMatchObject({ error: { code: 'not_found_error' } });
  });
});
