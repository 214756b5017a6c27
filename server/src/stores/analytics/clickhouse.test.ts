// The analytics suite on ClickHouse's HTTP interface: the unmodified client against a small server in front of chDB, and a server that is not there.
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openClickhouse } from './clickhouse.ts';
import { testAnalytics } from './conformance.ts';
import { sql } from './sql.ts';
import { startTestClickhouse } from './test-http-server.ts';

testAnalytics('ClickHouse over HTTP', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'genai-clickhouse-'));
  const server = await startTestClickhouse(join(folder, 'data'));
  const analytics = openClickhouse(server);
  return {
    analytics,
    close: async () => {
      await analytics.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
});

it('answers 503 when nobody listens, and when the password is wrong, without naming it', async () => {
  const probe = createServer();
  await new Promise<void>((resolve) => probe.listen(0, '127.0.0.1', resolve));
  const { port } = probe.address() as AddressInfo;
  await new Promise((resolve) => probe.close(resolve));
  const analytics = openClickhouse({ url: `http://127.0.0.1:${port}`, user: 'u', password: 'secret-password', database: 'default' });
  for (const work of [analytics.query(sql`SELECT 1`), analytics.insert('t', [{ a: 1 }], 'x'), analytics.command(sql`SELECT 1`)]) {
    const error = await work.catch((reason: unknown) => reason);
    expect(error).toMatchObject({ status: 503, code: 'analytics_away' });
    expect(String(error)).not.toContain('secret-password');
  }
  await analytics.close();
});
