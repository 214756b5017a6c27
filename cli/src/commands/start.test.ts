// `start` around a platform that the test hands in: what is printed, where credentials may appear, signals and exit codes.
import { EventEmitter } from 'node:events';
import { type RunningPlatform, type StartPlatform, StartRefused } from '@genai/server/platform';
import { describe, expect, it } from 'vitest';
import type { IoMode } from '#io.ts';
import { recordingIo } from '#recording-io.ts';
import { startWith } from './start.ts';

const KEYS = {
  masterKey: 'sk-master',
  virtualKey: 'sk-virtual',
  publicKey: 'pk-lf-1',
  secretKey: 'sk-lf-1',
  email: 'admin@example.com',
  password: 'pass-word',
  urls: {},
};

function running(more: Partial<RunningPlatform> = {}): RunningPlatform {
  return {
    stop: () => Promise.resolve(),
    fail: () => Promise.resolve(),
    firstRun: { keys: KEYS, keysPath: '/data/keys.json', configPath: '/data/config.yaml', configWritten: true },
    urls: { gateway: 'http://127.0.0.1:4000', observe: 'http://127.0.0.1:3000', console: 'http://127.0.0.1:4000/ui/' },
    listensWide: false,
    ...more,
  };
}

interface Started {
  code: number;
  out: string;
  err: string;
  exits: number[];
}

/** Starts, sends the signals one after the other, and waits for the end. */
async function start(startPlatform: StartPlatform, options: { mode?: IoMode; isTerminal?: boolean; signals?: number } = {}): Promise<Started> {
  const recorder = recordingIo(options.mode ?? 'human', { isTerminal: options.isTerminal === true });
  const signals = new EventEmitter();
  const exits: number[] = [];
  const ended = startWith({ argv: ['--port', '1'], env: {}, cwd: '/', io: recorder.io }, () => Promise.resolve({ startPlatform }), {
    signals,
    exit: (code) => exits.push(code),
  });
  ended.catch(() => {});
  await new Promise((resolve) => setImmediate(resolve));
  for (let count = 0; count < (options.signals ?? 1); count += 1) signals.emit('SIGINT');
  const code = await ended;
  expect(signals.listenerCount('SIGINT')).toBe(0);
  return { code, out: recorder.out(), err: recorder.err(), exits };
}

describe('start', () => {
  it('prints the first-run block at a terminal: both doors, login, keys, a curl with the Japanese text, three steps', async () => {
    const { code, out } = await start(() => Promise.resolve(running()), { isTerminal: true });
    expect(code).toBe(0);
    for (const text of [
      'http://127.0.0.1:4000',
      'http://127.0.0.1:3000',
      'admin@example.com  pass-word',
      'sk-virtual',
      'pk-lf-1  sk-lf-1',
      'AZURE_API_BASE',
      './genai doctor',
      '3. Open the console',
    ])
      expect(out).toContain(text);
    expect(out).toContain(`-d '{"model": "demo", "messages": [{"role": "user", "content": "こんにちは！LiteLLMのテストです。"}]}'`);
  });

  it('without a terminal says only where the credentials are, in text and in JSON', async () => {
    for (const mode of ['human', 'json'] as const) {
      const { out, err } = await start(() => Promise.resolve(running()), { mode });
      expect(out + err).toContain('/data/keys.json');
      expect(out + err).not.toMatch(/sk-|pass-word/);
    }
  });

  it('with external stores shows the keys at a terminal, and without one says that they are kept as hashes only', async () => {
    const firstRun = { keys: KEYS, keysPath: null, configPath: '/data/config.yaml', configWritten: false };
    expect((await start(() => Promise.resolve(running({ firstRun })), { isTerminal: true })).out).toContain('sk-virtual');
    const { out, err } = await start(() => Promise.resolve(running({ firstRun })));
    expect(out + err).not.toContain('sk-virtual');
    expect(err).toContain('LITELLM_MASTER_KEY');
  });

  it('says nothing of credentials on later starts and warns when it listens wide', async () => {
    const { out, err } = await start(() => Promise.resolve(running({ firstRun: null, listensWide: true })), { isTerminal: true });
    expect(out).not.toContain('sk-');
    expect(err).toContain('without TLS');
  });

  it('shows progress, notes and warnings as they come', async () => {
    const { err, out } = await start(({ notify, argv }) => {
      expect(argv).toEqual(['--port', '1']);
      notify({ kind: 'progress', step: 'console', percent: 50, text: 'building the console' });
      notify({ kind: 'note', note: { level: 'warning', path: 'a.b', line: 3, file: 'config.yaml', message: 'is not understood' } });
      notify({ kind: 'warning', text: '3000 is taken' });
      notify({ kind: 'ready', elapsedMs: 1234 });
      return Promise.resolve(running({ firstRun: null }));
    });
    expect(err).toBe('building the console\nwarning: config.yaml:3 a.b: is not understood\nwarning: 3000 is taken\n');
    expect(out).toContain('Ready in 1.2 s');
  });

  it('a second signal ends at once while the first still drains', async () => {
    let finish = (): void => {};
    const drained = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const ended = start(() => Promise.resolve(running({ stop: () => drained })), { signals: 2 });
    await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect((await ended).exits).toEqual([130]);
  });

  it('a fault that nobody caught drains and ends with 1; a second one ends at once', async () => {
    const recorder = recordingIo('human', { isTerminal: false });
    const signals = new EventEmitter();
    const exits: number[] = [];
    const failed: unknown[] = [];
    let finish = (): void => {};
    const drained = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const fail = (error: unknown) => {
      failed.push(error);
      return drained;
    };
    const ended = startWith(
      { argv: [], env: {}, cwd: '/', io: recorder.io },
      () => Promise.resolve({ startPlatform: () => Promise.resolve(running({ fail })) }),
      {
        signals,
        exit: (code) => exits.push(code),
      },
    );
    await new Promise((resolve) => setImmediate(resolve));
    const fault = new Error('hook');
    signals.emit('uncaughtException', fault);
    signals.emit('uncaughtException', new Error('another'));
    await new Promise((resolve) => setImmediate(resolve));
    finish();
    expect([await ended, failed, exits]).toEqual([1, [fault], [1]]);
    expect(recorder.out() + recorder.err()).toContain('A fault inside');
    expect(signals.listenerCount('uncaughtException')).toBe(0);
  });

  it('faults end with code 2 and are all printed; other errors are thrown on', async () => {
    const refused = await start(() =>
      Promise.reject(
        new StartRefused('faulty', [
          { level: 'error', path: 'x', line: 1, file: 'c.yaml', message: 'must be a list' },
          { level: 'error', path: '--port', line: null, message: 'must be a port' },
        ]),
      ),
    );
    expect(refused).toMatchObject({ code: 2, err: 'fault: c.yaml:1 x: must be a list\nfault: --port: must be a port\n2 fault(s); nothing was started.\n' });
    expect(await start(() => Promise.reject(new StartRefused('port 4000 is taken')))).toMatchObject({
      code: 2,
      err: 'The platform was not started: port 4000 is taken\n',
    });
    await expect(start(() => Promise.reject(new Error('bug')))).rejects.toThrow('bug');
  });
});
