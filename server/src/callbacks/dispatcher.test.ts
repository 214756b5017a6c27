import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Agent } from 'undici';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { CallbackTarget } from '#settings/callback-kinds.ts';
import { openJournalWriter } from '#stores/journal/open.ts';
import { JournalKind, type JournalWriter } from '#stores/journal/port.ts';
import { openJournalReader } from '#stores/journal/reader.ts';
import { createMetrics, type Metrics } from '#telemetry/metrics.ts';
import { ANSWER, REQUEST, settledCall, silentLog, startReceiver, type TestReceiver, until } from './callbacks-fixture.ts';
import { CallbackDirectory } from './directory.ts';
import { startDispatcher } from './dispatcher.ts';
import { Lanes } from './lanes.ts';
import { openOutbox } from './outbox.ts';
import { createOutside } from './outside.ts';

let folder: string;
let journal: JournalWriter;
let receivers: TestReceiver[];
let position: bigint | null;
let metrics: Metrics;
const agent = new Agent();
const closers: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'genai-callbacks-'));
  journal = await openJournalWriter(path.join(folder, 'journal'), { payloadLimitBytes: 1 << 26, moneyReserveBytes: 1 << 20, segmentBytes: 1 << 20 });
  receivers = [await startReceiver(), await startReceiver()];
  position = null;
});
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
  for (const receiver of receivers) await receiver.stop();
  await journal.close();
  rmSync(folder, { recursive: true, force: true });
});

function record(id: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const parts = [Buffer.from(JSON.stringify(settledCall(id.toString(16)))), REQUEST, ANSWER];
    journal.append('payload', JournalKind.callSettled, 'project', parts, (error) => (error === null ? resolve() : reject(error)));
  });
}

const webhook = (url: string, name = 'generic_api'): CallbackTarget => ({
  kind: 'generic_api',
  name,
  success: true,
  failure: true,
  variables: { GENERIC_LOGGER_ENDPOINT: url },
});

/** Starts the loop as the process does; `crash` ends it without a word. */
async function start(targets: CallbackTarget[], limitBytes = 1 << 24) {
  metrics = createMetrics();
  const outside = createOutside({
    pool: (origin) => ({ request: (options: object) => agent.request({ origin, ...options } as never) }) as never,
    blobs: null as never,
    openBucket: () => Promise.reject(new Error('none')),
    instanceId: 'me',
  });
  const directory = new CallbackDirectory();
  directory.useGlobal(targets);
  const lanes = new Lanes({ folder: path.join(folder, 'callbacks'), limitBytes, outside, metrics, log: silentLog, firstPauseMs: 20 });
  await lanes.use(directory.all());
  const reader = openJournalReader(path.join(folder, 'journal'));
  const positions = {
    load: async () => position,
    save: async (sequence: bigint) => {
      position = sequence;
    },
  };
  const durableSequence = () => journal.state().durableSequence;
  const dispatcher = await startDispatcher({ reader, positions, durableSequence, directory, lanes, onCalls: () => null, log: silentLog, lingerMs: 5 });
  journal.onDurable(() => dispatcher.wake());
  const stop = async () => {
    await dispatcher.close();
    await lanes.close();
    await reader.close();
  };
  closers.push(stop);
  return { lanes, stop };
}

const idsAt = ({ received }: TestReceiver): string[] => received.flatMap(({ body }) => (JSON.parse(body) as { id: string }[]).map(({ id }) => id));
const metric = (name: string): number => Number(new RegExp(`^${name}\\{[^}]*\\} (\\d+)$`, 'm').exec(metrics.text())?.[1] ?? 0);

describe('finished calls', () => {
  it('reach every receiver once, in order, while all is well', async () => {
    const [one, two] = receivers as [TestReceiver, TestReceiver];
    await start([webhook(one.url, 'one'), webhook(two.url, 'two')]);
    for (let id = 1; id <= 20; id += 1) await record(id);
    await until(() => idsAt(one).length === 20 && idsAt(two).length === 20);
    expect(idsAt(one)).toEqual([...idsAt(one)].sort());
    expect(new Set(idsAt(one)).size).toBe(20);
  });

  it('of before the first start with callbacks are not sent', async () => {
    await record(1);
    const [one] = receivers as [TestReceiver];
    await start([webhook(one.url)]);
    await record(2);
    await until(() => idsAt(one).length > 0);
    expect(idsAt(one)).toHaveLength(1);
  });

  it('wait on the disk for a receiver that is away, and hold nobody else up', async () => {
    const [dead, well] = receivers as [TestReceiver, TestReceiver];
    dead.answer.status = 503;
    const { lanes } = await start([webhook(dead.url, 'dead'), webhook(well.url, 'well')]);
    for (let id = 1; id <= 5; id += 1) {
      await record(id);
      await until(() => idsAt(well).length === id);
    }
    expect(dead.received).toHaveLength(0);
    await until(() => position === journal.state().lastSequence);
    expect(lanes.states().find(({ name }) => name === 'dead')).toMatchObject({ behind: true, lastError: expect.stringContaining('503') });
    dead.answer.status = 200;
    await until(() => idsAt(dead).length === 5);
    expect(idsAt(dead)).toEqual(idsAt(well));
    await until(() => lanes.states().every(({ waiting }) => waiting === 0));
  });

  it('that wait survive the process, and a torn file of it is no delivery', async () => {
    const [dead] = receivers as [TestReceiver];
    dead.answer.status = 500;
    const first = await start([webhook(dead.url)]);
    await record(1);
    await until(() => first.lanes.states().some(({ waiting }) => waiting === 1));
    // Stopped before, the call would be handed on again beside the file (the next test).
    await until(() => position === journal.state().lastSequence);
    await first.stop();
    const lane = path.join(folder, 'callbacks', readdirSync(path.join(folder, 'callbacks'))[0] as string);
    writeFileSync(path.join(lane, '99999999999999999999-00000.delivery.part'), 'half a deli');
    writeFileSync(path.join(lane, '00000000000000000000-00000.delivery'), 'no header');
    dead.answer.status = 200;
    await start([webhook(dead.url)]);
    await until(() => idsAt(dead).length === 1);
  });

  it('are handed on again under the same id when the process died before the position moved', async () => {
    const [one] = receivers as [TestReceiver];
    const first = await start([webhook(one.url)]);
    await record(1);
    await until(() => position !== null && position > 0n && idsAt(one).length === 1);
    await first.stop();
    position = 0n;
    await start([webhook(one.url)]);
    await until(() => idsAt(one).length === 2);
    expect(new Set(idsAt(one)).size).toBe(1);
  });

  it('beyond the space are dropped, counted, and the journal goes on', async () => {
    const [dead] = receivers as [TestReceiver];
    dead.answer.status = 500;
    await start([webhook(dead.url)], 3_000);
    for (let id = 1; id <= 6; id += 1) {
      await record(id);
      await until(() => position === journal.state().lastSequence);
    }
    const dropped = metric('genai_callback_dropped_calls_total');
    expect(dropped).toBeGreaterThan(0);
    dead.answer.status = 200;
    await until(() => idsAt(dead).length === 6 - dropped);
  });

  it('that a receiver refuses are counted and do not stop those behind them', async () => {
    const [one] = receivers as [TestReceiver];
    one.answer.status = 400;
    await start([webhook(one.url)]);
    await record(1);
    await until(() => metric('genai_callback_refused_calls_total') === 1);
    one.answer.status = 200;
    await record(2);
    await until(() => idsAt(one).length === 1);
  });

  it('do not wait for a receiver that takes for ever', async () => {
    const [slow, well] = receivers as [TestReceiver, TestReceiver];
    slow.answer.delayMs = 60_000;
    await start([webhook(slow.url, 'slow'), webhook(well.url, 'well')]);
    await record(1);
    await until(() => idsAt(well).length === 1);
    await record(2);
    await until(() => idsAt(well).length === 2);
  });
});

describe('the outbox', () => {
  it('offers nothing that is still being written, and counts the space once', async () => {
    const space = { limitBytes: 10_000, usedBytes: 0 };
    const damaged: string[] = [];
    const outbox = openOutbox(path.join(folder, 'outbox'), space, (name) => damaged.push(name));
    const delivery = { id: 'x', calls: 1, contentType: 'text/plain', key: null, body: Buffer.from('body') };
    const writing = outbox.put('1', delivery);
    expect(await outbox.oldest()).toBeNull();
    await writing;
    await outbox.put('1', delivery);
    expect((await outbox.oldest())?.delivery.body.toString()).toBe('body');
    expect({ damaged, used: space.usedBytes }).toEqual({ damaged: [], used: outbox.sizeBytes });
    await outbox.remove('1.delivery');
    expect(space.usedBytes).toBe(0);
  });
});

describe('the directory', () => {
  it('lets a key win over its team over the configuration, by name', () => {
    const directory = new CallbackDirectory();
    directory.useGlobal([webhook('http://global', 'hook'), webhook('http://other', 'other')]);
    const { path: organisation } = settledCall('1');
    const scoped = (scope: 'team' | 'key', scopeId: string, url: string) => ({ scope, scopeId, target: webhook(url, 'hook') });
    directory.useScoped({
      targets: [scoped('team', 'team-1', 'http://team'), scoped('key', organisation.keyId, 'http://key')],
      silentTeams: new Set(['silent']),
    });
    const urls = (fields: object) =>
      directory.targetsOf({ path: { ...organisation, ...fields }, outcome: 'success' }).map(({ variables }) => variables.GENERIC_LOGGER_ENDPOINT);
    expect(urls({})).toEqual(['http://key', 'http://other']);
    expect(urls({ keyId: 'another' })).toEqual(['http://team', 'http://other']);
    expect(urls({ keyId: 'another', teamId: null })).toEqual(['http://global', 'http://other']);
    expect(urls({ teamId: 'silent' })).toEqual([]);
  });
});
