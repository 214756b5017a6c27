// Money and events under faults: kill -9 during calls and during ingestion. What a client saw stands exactly once; nothing acknowledged is lost.
import { afterAll, describe, expect, it } from 'vitest';
import { call, generateKey, observe } from './client.ts';
import { type FakeProvider, startFakeProvider } from './fake-provider/fake-provider.ts';
import { gatewayConfig } from './gateway-config.ts';
import { eventually, type Platform, removeFolder, startPlatform, temporaryFolder } from './process.ts';

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) removeFolder(folder);
});
const newFolder = () => {
  const folder = temporaryFolder();
  folders.push(folder);
  return folder;
};

interface SpendRow {
  request_id: string;
  spend: number;
  metadata: { outcome: string };
}

/** Calls until the process dies; returns the call ids whose end a client saw and how many it started. */
async function callUntilDeath(platform: Platform, key: string, workers: number): Promise<Set<string>> {
  const seen = new Set<string>();
  await Promise.all(
    Array.from({ length: workers }, async (_, worker) => {
      for (let index = 0; ; index++) {
        try {
          const stream = (worker + index) % 2 === 0;
          const answer = await call(`${platform.gatewayUrl}/v1/chat/completions`, {
            key,
            body: { model: 'priced', stream, messages: [{ role: 'user', content: 'x' }], max_tokens: 20 },
          });
          const whole = answer.status === 200 && (stream ? answer.text.includes('[DONE]') : answer.text.trimEnd().endsWith('}'));
          if (whole) seen.add(answer.headers.get('x-litellm-call-id') as string);
        } catch {
          return;
        }
      }
    }),
  );
  return seen;
}

describe('kill -9 of the front during calls', () => {
  it('leaves every call whose end a client saw exactly once with its cost, and the rest as unknown, covering all that the upstream served', async () => {
    const upstream: FakeProvider = await startFakeProvider();
    const folder = newFolder();
    const workers = 12;
    let platform = await startPlatform({ folder, config: gatewayConfig(upstream.url) });
    const key = await generateKey(platform, { key_alias: 'crash' });
    const seen = new Set<string>();
    for (let round = 0; round < 3; round++) {
      const calls = callUntilDeath(platform, key, workers);
      await new Promise((resolve) => setTimeout(resolve, 700));
      await platform.crash();
      for (const id of await calls) seen.add(id);
      platform = await startPlatform({ folder, config: gatewayConfig(upstream.url) });
    }
    const served = upstream.requests.length;
    const rows = await eventually('the ledger to hold every call', async () => {
      const found: SpendRow[] = [];
      for (let page = 1; ; page++) {
        const answer = (await call(`${platform.gatewayUrl}/spend/logs/v2?page=${page}&page_size=100`, { key: platform.keys.masterKey })).body as unknown as {
          data: SpendRow[];
          total_pages: number;
        };
        found.push(...answer.data);
        if (page >= answer.total_pages) break;
      }
      return found.length >= served ? found : null;
    });
    const byId = new Map<string, SpendRow[]>();
    for (const row of rows) byId.set(row.request_id, [...(byId.get(row.request_id) ?? []), row]);
    expect(seen.size).toBeGreaterThan(20);
    const missing = [...seen].filter((id) => byId.get(id)?.length !== 1 || !((byId.get(id)?.[0]?.spend ?? 0) > 0));
    expect(missing).toEqual([]);
    const unknown = rows.filter((row) => row.metadata.outcome === 'unknown');
    expect(unknown.length).toBeLessThanOrEqual(3 * workers);
    for (const row of unknown) expect(row.spend).toBeGreaterThan(0);
    const info = (await call(`${platform.gatewayUrl}/key/info?key=${key}`, { key: platform.keys.masterKey })).body as unknown as { info: { spend: number } };
    expect(info.info.spend).toBeCloseTo(
      rows.reduce((sum, row) => sum + row.spend, 0),
      9,
    );
    await platform.stop();
    await upstream.close();
  });
});

describe('kill -9 of the front during ingestion', () => {
  it('keeps every event that was acknowledged', async () => {
    const folder = newFolder();
    let platform = await startPlatform({ folder });
    const acknowledged: string[] = [];
    for (let round = 0; round < 2; round++) {
      const current = platform;
      const sending = Promise.all(
        Array.from({ length: 6 }, async (_, worker) => {
          for (let index = 0; ; index++) {
            const id = `r${round}-w${worker}-${index}`;
            try {
              const answer = await call(`${current.observeUrl}/api/public/ingestion`, {
                basic: [current.keys.publicKey, current.keys.secretKey],
                body: {
                  batch: [{ id: `event-${id}`, type: 'trace-create', timestamp: new Date().toISOString(), body: { id: `trace-${id}`, name: 'durable' } }],
                },
              });
              if (answer.status === 207) acknowledged.push(`trace-${id}`);
            } catch {
              return;
            }
          }
        }),
      );
      await new Promise((resolve) => setTimeout(resolve, 600));
      await platform.crash();
      await sending;
      platform = await startPlatform({ folder });
    }
    expect(acknowledged.length).toBeGreaterThan(50);
    const total = await eventually(
      'every acknowledged trace',
      async () => {
        const found = (await observe(platform, '/api/public/traces?name=durable&limit=1')).body as unknown as { meta?: { totalItems: number } };
        return (found.meta?.totalItems ?? 0) >= acknowledged.length ? found.meta?.totalItems : null;
      },
      30_000,
    );
    expect(total).toBeGreaterThanOrEqual(acknowledged.length);
    for (const id of acknowledged.filter((_, index) => index % 25 === 0)) expect((await observe(platform, `/api/public/traces/${id}`)).status).toBe(200);
    await platform.stop();
  });
});

describe('an upstream that misbehaves', () => {
  it('has one defined outcome, one log row and one bill in each way of failing', async () => {
    const upstream = await startFakeProvider();
    const platform = await startPlatform({ folder: newFolder(), config: `${gatewayConfig(upstream.url)}  request_timeout: 3\n` });
    const key = await generateKey(platform, {});
    const ask = (stream: boolean) =>
      call(`${platform.gatewayUrl}/v1/chat/completions`, { key, body: { model: 'gpt-4o-mini', stream, messages: [{ role: 'user', content: 'x' }] } });
    const ids: string[] = [];
    for (const [mode, stream] of [
      ['stall;at=accept', false],
      ['stall;at=headers', true],
      ['truncated-json', false],
      ['cut-json', false],
      ['disappear', false],
      ['status;code=500', false],
      ['not-json', false],
      ['error-frame', true],
      ['sse;done=0;finish=0', true],
      ['sse;malformed', true],
    ] as const) {
      upstream.script(mode);
      const answer = await ask(stream);
      const id = answer.headers.get('x-litellm-call-id') as string;
      expect(id, mode).toBeTruthy();
      ids.push(id);
      if (answer.status === 200 && stream && mode.startsWith('sse;done')) expect(answer.text, mode).not.toContain('[DONE]');
      if (!stream) expect(answer.status, mode).toBeGreaterThanOrEqual(400);
      if (answer.status !== 200) expect(answer.body, mode).toMatchObject({ error: { message: expect.any(String), code: expect.any(String) } });
    }
    for (const id of ids) {
      const rows = await eventually(`one row for ${id}`, async () => {
        const found = (await call(`${platform.gatewayUrl}/spend/logs?request_id=${id}`, { key: platform.keys.masterKey })).body as unknown as SpendRow[];
        return found.length > 0 ? found : null;
      });
      expect(rows).toHaveLength(1);
    }
    await platform.stop();
    await upstream.close();
  });
  it('is cancelled at once when the client leaves, and what was delivered is billed', async () => {
    const upstream = await startFakeProvider();
    const platform = await startPlatform({ folder: newFolder(), config: gatewayConfig(upstream.url) });
    upstream.script('sse;deltas=200;pace=50');
    const controller = new AbortController();
    const response = await fetch(`${platform.gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      signal: controller.signal,
      headers: { authorization: `Bearer ${platform.keys.virtualKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'priced', stream: true, messages: [{ role: 'user', content: 'x' }] }),
    });
    const callId = response.headers.get('x-litellm-call-id') as string;
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    for (let index = 0; index < 5; index++) await reader.read();
    controller.abort();
    await eventually('the upstream to see the abort', async () => upstream.requests[0]?.abortedAtMs);
    const row = await eventually(
      'the row',
      async () => ((await call(`${platform.gatewayUrl}/spend/logs?request_id=${callId}`, { key: platform.keys.masterKey })).body as unknown as SpendRow[])[0],
    );
    expect(row.spend).toBeGreaterThan(0);
    expect(row.metadata.outcome).toBe('cancelled');
    await platform.stop();
    await upstream.close();
  });
});
