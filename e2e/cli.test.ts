// The verbs beside a running process: verify (all checks pass, none skipped), demo (every page has something), doctor, keys show and seal.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, chat, observe } from './client.ts';
import { eventually, type Platform, startPlatform } from './process.ts';

const root = join(import.meta.dirname, '..');
let platform: Platform;
beforeAll(async () => {
  platform = await startPlatform();
});
afterAll(async () => {
  await platform?.stop();
});

function genai(...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const child = spawn(join(root, 'genai'), args, {
      cwd: platform.folder,
      env: { PATH: process.env.PATH ?? '', HOME: process.env.HOME ?? '', LANG: 'C.UTF-8' },
    });
    let stdout = '';
    let stderr = '';
    child.stdout.on('data', (chunk) => (stdout += chunk));
    child.stderr.on('data', (chunk) => (stderr += chunk));
    child.on('exit', (code) => resolve({ code, stdout, stderr }));
  });
}

describe('genai verify', () => {
  it('passes every check of the seed against the process beside it, with nothing left unchecked', async () => {
    const { code, stdout, stderr } = await genai('verify', '--data-dir', platform.dataDir, '--json');
    const report = JSON.parse(stdout) as { passed: number; checks: { id: string; state: string; detail: string }[] };
    expect(
      report.checks.filter((check) => check.state !== 'passed'),
      stderr,
    ).toEqual([]);
    expect(report.passed).toBe(10);
    expect(code).toBe(0);
  });
  it('fails with exit code 1 and says what is wrong when a key is wrong', async () => {
    const { code, stdout } = await genai(
      'verify',
      '--gateway-url',
      platform.gatewayUrl,
      '--observe-url',
      platform.observeUrl,
      '--key',
      'sk-wrong',
      '--public-key',
      'pk-lf-x',
      '--secret-key',
      'sk-lf-x',
      '--json',
    );
    expect(code).toBe(1);
    expect((JSON.parse(stdout) as { failed: number }).failed).toBeGreaterThan(0);
  });
});

describe('genai demo', () => {
  it('fills every page: sessions, an agent with nested tools, a stream, a fallback, keys, teams, users, models, scores, both languages', async () => {
    const { code, stderr } = await genai('demo', '--data-dir', platform.dataDir, '--json');
    expect(code, stderr).toBe(0);
    const traces = await eventually('traces of the demo', async () => {
      const found = (await observe(platform, '/api/public/traces?limit=100')).body as unknown as {
        data: { sessionId: string | null; userId: string | null; observations: string[] }[];
      };
      return found.data.length > 10 ? found.data : null;
    });
    const sessions = new Map<string, number>();
    for (const trace of traces) if (trace.sessionId) sessions.set(trace.sessionId, (sessions.get(trace.sessionId) ?? 0) + 1);
    expect(Math.max(...sessions.values())).toBeGreaterThan(2);
    expect(Math.max(...traces.map((trace) => trace.observations.length))).toBeGreaterThan(2);
    const types = ((await observe(platform, '/api/public/observations?limit=100')).body as unknown as { data: { type: string }[] }).data.map(
      (observation) => observation.type,
    );
    for (const type of ['GENERATION', 'TOOL']) expect(types).toContain(type);
    expect(((await observe(platform, '/api/public/scores?limit=10')).body as unknown as { data: unknown[] }).data.length).toBeGreaterThan(0);
  });
});

describe('genai doctor', () => {
  it('reports the running process as JSON', async () => {
    const { stdout } = await genai('doctor', '--data-dir', platform.dataDir, '--json');
    const { findings } = JSON.parse(stdout) as { findings: { id: string; state: string }[] };
    expect(findings.find((finding) => finding.id === 'process.analytics')?.state).toBe('ok');
  });
});

describe('genai keys', () => {
  it('shows the first keys, and after sealing only hashes remain while every key goes on working', async () => {
    const shown = await genai('keys', 'show', '--data-dir', platform.dataDir, '--json');
    expect(shown.stdout).toContain(platform.keys.virtualKey);
    const sealed = await genai('keys', 'seal', '--yes', '--data-dir', platform.dataDir);
    expect(sealed.code, sealed.stderr).toBe(0);
    expect(existsSync(join(platform.dataDir, 'keys.json'))).toBe(false);
    const again = await genai('keys', 'show', '--data-dir', platform.dataDir);
    expect(again.code).not.toBe(0);
    expect(again.stdout + again.stderr).not.toContain(platform.keys.virtualKey);
    expect((await chat(platform, platform.keys.virtualKey, 'demo')).status).toBe(200);
    expect((await call(`${platform.gatewayUrl}/key/list`, { key: platform.keys.masterKey })).status).toBe(200);
  });
});

describe('genai', () => {
  it('answers an unknown verb with help and exit code 2', async () => {
    const { code, stdout, stderr } = await genai('frobnicate');
    expect(code).toBe(2);
    expect(stdout + stderr).toContain('start');
  });
});
