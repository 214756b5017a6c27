// Whispers between processes that share Redis: only who attends hears; a server that dies is a gap for who attends, and afterwards they hear again.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Coordination } from './port.ts';
import { openRedisCoordination } from './redis.ts';
import { hasRedis, startTestRedis, type TestRedis } from './test-redis.ts';

describe.skipIf(!hasRedis())('whispers through Redis', () => {
  let server: TestRedis;
  const opened: Coordination[] = [];
  const open = async (prefix: string): Promise<Coordination> => {
    const coordination = await openRedisCoordination({ url: server.url, prefix, storedSpend: async () => 0n, whenAway: 'alone', beatMs: 200 });
    opened.push(coordination);
    return coordination;
  };
  beforeAll(async () => {
    server = await startTestRedis();
  });
  afterAll(async () => {
    for (const one of opened) await one.close();
    await server.stop();
  });

  it('reach the other process, and neither another platform nor the news', async () => {
    const [one, other, stranger] = [await open('a:'), await open('a:'), await open('b:')];
    const heard: string[] = [];
    await other.whispers.attend('t', (message) => void heard.push(message));
    await stranger.whispers.attend('t', () => void heard.push('stranger'));
    other.news.hear('t', () => void heard.push('news'));
    await one.whispers.whisper('t', 'one');
    await one.news.tell('other', 'no whisper');
    await one.whispers.whisper('t', 'two');
    await expect.poll(() => heard, { timeout: 10_000 }).toEqual(['one', 'two']);
  });

  it('tell who attends that something may have been missed, and go on', async () => {
    const [one, other] = [await open('c:'), await open('c:')];
    const heard: string[] = [];
    let gaps = 0;
    await other.whispers.attend(
      't',
      (message) => void heard.push(message),
      () => gaps++,
    );
    await server.kill();
    await expect.poll(() => gaps, { timeout: 20_000 }).toBeGreaterThan(0);
    // Lost, and nobody waits.
    await one.whispers.whisper('t', 'lost');
    await server.start();
    await expect
      .poll(
        async () => {
          await one.whispers.whisper('t', 'back');
          return heard.includes('back');
        },
        { timeout: 20_000 },
      )
      .toBe(true);
    expect(heard).not.toContain('lost');
  });
});
