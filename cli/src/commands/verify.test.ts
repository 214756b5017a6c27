// The logic of `verify` against scripted servers: ours, a stock LiteLLM + Langfuse, and broken ones. The real platform is checked end to end elsewhere.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { run } from '#main.ts';
import { recordingIo } from '#recording-io.ts';
import {
  MASTER_KEY,
  PUBLIC_KEY,
  type Script,
  type ScriptedPlatform,
  SECOND,
  SECRET_KEY,
  startScriptedAdmin,
  startScriptedPlatform,
} from '#scripted-platform.ts';

let folder: string;
let platform: ScriptedPlatform;
const closers: (() => Promise<void>)[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'genai-verify-'));
});
afterEach(async () => {
  for (const close of closers.splice(0)) await close();
  rmSync(folder, { recursive: true, force: true });
});

async function begin(script: Script): Promise<void> {
  platform = await startScriptedPlatform(script);
  closers.push(platform.close);
}

const CREDENTIALS = ['--key', MASTER_KEY, '--public-key', PUBLIC_KEY, '--secret-key', SECRET_KEY, '--email', 'a@example.com', '--password', 'right'];

interface Report {
  good: boolean;
  passed: number;
  checks: { id: string; state: string; detail: string; elapsedMs: number }[];
}

async function verify(words: string[]): Promise<{ code: number; report: Report; states: Record<string, string>; text: string }> {
  const recorder = recordingIo('json');
  const code = await run(['verify', '--gateway-url', platform.url, ...words], { env: {}, cwd: folder, io: recorder.io });
  const report = JSON.parse(recorder.out()) as Report;
  return { code, report, states: Object.fromEntries(report.checks.map(({ id, state }) => [id, state])), text: recorder.out() + recorder.err() };
}

const REMOTE_GOOD = {
  openapi: 'passed',
  console: 'passed',
  login: 'passed',
  models: 'passed',
  call: 'passed',
  refusal: 'passed',
  log: 'passed',
  trace: 'passed',
};

describe('verify', () => {
  it('passes what can be seen of a remote platform, and what cannot is not checked and makes the exit code 3', async () => {
    await begin({ kind: 'ours', traceAfterAsks: 4 });
    const { code, report, states, text } = await verify(CREDENTIALS);
    expect(states).toEqual({ ...REMOTE_GOOD, blobs: 'not-checked', rows: 'not-checked' });
    expect(report.checks.filter(({ state }) => state === 'not-checked').every(({ detail }) => detail.startsWith('needs '))).toBe(true);
    expect(code).toBe(3);
    expect(report.good).toBe(false);
    // The first model lacks its variable, so the next one is called; the temporary keys are gone and no secret was printed.
    expect(report.checks.find(({ id }) => id === 'call')?.detail).toMatch(/^demo answered/);
    expect(platform.keys.size).toBe(0);
    expect(text).not.toMatch(/sk-master|sk-lf-test|right"/);
  });

  it('works against a stock LiteLLM and Langfuse', async () => {
    await begin({ kind: 'stock', models: ['gpt-4o-mini'] });
    const { states } = await verify([...CREDENTIALS, '--observe-url', `${platform.url}/`]);
    expect(states).toEqual({ ...REMOTE_GOOD, blobs: 'not-checked', rows: 'not-checked' });
  });

  it("registers a second project's keys at run time, finds the trace there and leaves neither key nor trace behind", async () => {
    await begin({ kind: 'stock', models: ['gpt-4o-mini'] });
    const second = ['--second-public-key', SECOND.publicKey, '--second-secret-key', SECOND.secretKey];
    const { states, text, report } = await verify([...CREDENTIALS, '--observe-url', platform.url, ...second]);
    expect(states.second).toBe('passed');
    expect(report.checks.find(({ id }) => id === 'second')?.detail).toMatch(/in the second project$/);
    expect([platform.keys.size, platform.traces.size]).toEqual([0, 0]);
    expect(text).not.toContain(SECOND.secretKey);
  });

  it('notices when the keys of a second project are taken and not used', async () => {
    await begin({ kind: 'ours' });
    const second = ['--second-public-key', SECOND.publicKey, '--second-secret-key', SECOND.secretKey];
    const { states } = await verify([...CREDENTIALS, ...second, '--wait', '0.1']);
    expect(states.second).toBe('failed');
  });

  it('passes whole for the process of this machine, asking its admin socket for blobs and rows', async () => {
    await begin({ kind: 'ours' });
    writeFileSync(
      join(folder, 'keys.json'),
      JSON.stringify({ masterKey: MASTER_KEY, publicKey: PUBLIC_KEY, secretKey: SECRET_KEY, email: 'a@example.com', password: 'right' }),
      { mode: 0o600 },
    );
    let observations = 5;
    const admin = await startScriptedAdmin(join(folder, 'admin.sock'), {
      'GET /status': () => ({ urls: { gateway: platform.url, observe: null, console: null }, analytics: { observations: observations++ } }),
      'POST /journal/roll': () => ({}),
      'GET /blobs': () => ({
        data: [
          { key: 'archive/old', sizeBytes: 1, modifiedAt: '2020-01-01T00:00:00Z' },
          { key: 'archive/new', sizeBytes: 9, modifiedAt: new Date().toISOString() },
        ],
      }),
    });
    closers.push(admin.close);
    const recorder = recordingIo('json');
    const code = await run(['verify', '--data-dir', folder], { env: {}, cwd: folder, io: recorder.io });
    const report = JSON.parse(recorder.out()) as Report;
    expect(report.checks.map(({ state }) => state)).toEqual(Array(10).fill('passed'));
    expect(report.checks.find(({ id }) => id === 'blobs')?.detail).toBe('archive/new, 9 bytes');
    expect(code).toBe(0);
    expect(report.good).toBe(true);
  });

  it('never sends the local keys to another address', async () => {
    await begin({ kind: 'ours' });
    const { states } = await (async () => {
      writeFileSync(
        join(folder, 'keys.json'),
        JSON.stringify({ masterKey: 'sk-local', publicKey: 'pk-local', secretKey: 'sk-lf-local', email: 'l', password: 'l' }),
        { mode: 0o600 },
      );
      return await verify(['--data-dir', folder]);
    })();
    expect(states).toMatchObject({
      openapi: 'passed',
      login: 'not-checked',
      models: 'not-checked',
      call: 'not-checked',
      refusal: 'not-checked',
      log: 'not-checked',
      trace: 'not-checked',
    });
    expect(JSON.stringify(platform.received)).not.toContain('local"');
    expect(platform.received.some(({ headers }) => headers.authorization !== undefined)).toBe(false);
  });

  it('notices a key that is not refused, and a call that is not logged and not traced', async () => {
    await begin({ kind: 'ours', refusesNothing: true, losesCalls: true });
    const { code, states } = await verify([...CREDENTIALS, '--wait', '0.1']);
    expect(states).toMatchObject({ call: 'passed', refusal: 'failed', log: 'failed', trace: 'failed' });
    expect(code).toBe(1);
    expect(platform.keys.size).toBe(0);
  });

  it('says what refused it and prints no key when credentials are wrong', async () => {
    await begin({ kind: 'ours' });
    const { code, states, text } = await verify([
      '--key',
      'sk-wrong-key',
      '--public-key',
      'pk-lf-x',
      '--secret-key',
      'sk-lf-wrong',
      '--email',
      'a@example.com',
      '--password',
      'wrong-password',
    ]);
    expect(states).toMatchObject({ openapi: 'passed', login: 'failed', models: 'failed', refusal: 'not-checked' });
    expect(code).toBe(1);
    expect(text).not.toMatch(/sk-wrong-key|sk-lf-wrong|wrong-password/);
  });

  it('fails with the address when nothing listens', async () => {
    await begin({ kind: 'ours' });
    await platform.close();
    const { code, report } = await verify(CREDENTIALS);
    expect(code).toBe(1);
    expect(report.passed).toBe(0);
    expect(report.checks[0]?.detail).toMatch(/cannot be reached \(ECONNREFUSED\)/);
  });

  it('prints a table with every check and its time for people', async () => {
    await begin({ kind: 'ours' });
    const recorder = recordingIo('human', { language: 'ja' });
    await run(['verify', '--gateway-url', platform.url, ...CREDENTIALS], { env: {}, cwd: folder, io: recorder.io });
    expect(recorder.out()).toMatch(/トレースが公開 API で取得できる\s+成功\s+\d+ ms/);
    expect(recorder.out()).toContain('成功 8 件、失敗 0 件、未確認 2 件。');
  });
});
