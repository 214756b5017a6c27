import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { staticFile, swaggerFile } from './static.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'static-'));
  mkdirSync(join(folder, 'root/assets'), { recursive: true });
  writeFileSync(join(folder, 'secret'), 'secret');
  writeFileSync(join(folder, 'root/index.html'), '<p>page');
  writeFileSync(join(folder, 'root/assets/app-1.js'), 'let a');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('static files', () => {
  it('carry a policy without inline script and long caching only for hashed assets', async () => {
    const page = await staticFile(join(folder, 'root'), '/index.html');
    expect(page?.headers.get('content-security-policy')).toContain("script-src 'self';");
    expect(page?.headers.get('cache-control')).toBe('no-cache');
    expect((await staticFile(join(folder, 'root'), '/assets/app-1.js'))?.headers.get('cache-control')).toContain('immutable');
  });
  it('never leave their folder', async () => {
    for (const path of ['/../secret', '/%2e%2e/secret', '/..%2fsecret', '/assets/..%2f..%2fsecret', '/a%00', '/..\\secret', '/%', '']) {
      expect(await staticFile(join(folder, 'root'), path), path).toBeNull();
    }
  });
});

describe('the Swagger page', () => {
  it('is served whole from the package', async () => {
    expect(await (await swaggerFile('/'))?.text()).toContain('/swagger/swagger-ui-bundle.js');
    expect((await swaggerFile('/swagger/swagger-ui-bundle.js'))?.status).toBe(200);
    expect((await swaggerFile('/swagger/swagger-ui.css'))?.headers.get('content-type')).toContain('text/css');
    expect(await swaggerFile('/other')).toBeNull();
  });
});
