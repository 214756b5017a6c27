// The live tail of a started process: what is ingested arrives by the filter, a broken connection goes on where it was, the connections of reads stay free, and an open one does not hold up the end.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

let platform: Platform;
let stopped = false;
beforeAll(async () => {
  platform = await startPlatform();
  // The doors are open before the engine answers reads.
  await eventually('reads', async () => (await observe(platform, '/api/public/traces?limit=1')).status === 200, 60_000);
});
afterAll(async () => {
  if (!stopped) await platform?.stop();
});

const basic = () => `Basic ${Buffer.from(`${platform.keys.publicKey}:${platform.keys.secretKey}`).toString('base64')}`;

interface Tail {
  text(): string;
  ended: Promise<void>;
  close(): void;
}

async function openTail(filter: object[] = [], lastEventId?: string): Promise<Tail> {
  const leaving = new AbortController();
  const answer = await fetch(`${platform.observeUrl}/api/public/unstable/live-tail?filter=${encodeURIComponent(JSON.stringify(filter))}`, {
    headers: { authorization: basic(), ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    signal: leaving.signal,
  });
  if (!answer.ok || answer.body === null) throw new Error(`the live tail answered ${answer.status}: ${await answer.text()}`);
  let text = '';
  const read = async () => {
    for await (const chunk of answer.body as unknown as AsyncIterable<Uint8Array>) text += Buffer.from(chunk).toString('utf8');
  };
  const ended = read().catch(() => undefined);
  const tail = { text: () => text, ended, close: () => leaving.abort() };
  await eventually('the tail to be connected', async () => text.includes('event: status'));
  return tail;
}

async function ingest(...names: string[]): Promise<void> {
  const timestamp = new Date().toISOString();
  const batch = names.flatMap((name) => [
    { id: `t-${name}`, type: 'trace-create', timestamp, body: { id: `trace-${name}`, userId: name.startsWith('taro') ? 'taro' : 'hanako' } },
    {
      id: `e-${name}`,
      type: 'span-create',
      timestamp,
      body: { id: name, traceId: `trace-${name}`, name, startTime: timestamp, input: { text: `こんにちは ${name}` } },
    },
  ]);
  const answer = await call(`${platform.observeUrl}/api/public/ingestion`, { basic: [platform.keys.publicKey, platform.keys.secretKey], body: { batch } });
  expect(answer.status).toBe(207);
}

const lastIdOf = (text: string): string => [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? '';

describe('the live tail', () => {
  it('brings what the filter asks for, and goes on behind the last event', async () => {
    const all = await openTail();
    const taro = await openTail([
      { type: 'string', column: 'userId', operator: '=', value: 'taro' },
      { type: 'string', column: 'input', operator: 'matches', value: 'コンニチハ' },
    ]);
    await ingest('taro-1', 'hanako-1');
    await eventually('both rows', async () => all.text().includes('"id":"taro-1"') && all.text().includes('"id":"hanako-1"'));
    await eventually("taro's row", async () => taro.text().includes('"id":"taro-1"'));
    expect(taro.text()).not.toContain('hanako-1');
    all.close();
    await ingest('missed');
    await eventually('the missed row to be stored', async () => (await observe(platform, '/api/public/observations/missed')).status === 200);
    const back = await openTail([], lastIdOf(all.text()));
    await eventually('the missed row', async () => back.text().includes('"id":"missed"'));
    expect(back.text()).not.toContain('event: gap');
    back.close();
    taro.close();
  });

  it('leaves the connections of reads free, refuses one too many, and does not hold up the end', async () => {
    const tails: Tail[] = [];
    const refused = await eventually('one watcher too many', async () => {
      try {
        tails.push(await openTail());
        return null;
      } catch (error) {
        return String(error);
      }
    });
    expect(refused).toContain('answered 429');
    expect((await observe(platform, '/api/public/traces?limit=1')).status).toBe(200);
    const startedAt = Date.now();
    stopped = true;
    expect(await platform.stop()).toBe(0);
    await Promise.all(tails.map((tail) => tail.ended));
    // The grace of a drain is ten minutes: an open tail must not use it up.
    expect(Date.now() - startedAt).toBeLessThan(25_000);
  });
});
