// The demo against a scripted platform: what it sends, and that it works without projects keys and with refusals.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { run } from '#main.ts';
import { recordingIo } from '#recording-io.ts';
import { MASTER_KEY, PUBLIC_KEY, type ScriptedPlatform, SECRET_KEY, startScriptedPlatform } from '#scripted-platform.ts';

let folder: string;
let platform: ScriptedPlatform;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genai-demo-'));
  platform = await startScriptedPlatform({ kind: 'ours', models: ['gpt-4o-mini', 'demo', 'demo-large', 'demo-away'] });
});
afterEach(async () => {
  await platform.close();
  rmSync(folder, { recursive: true, force: true });
});

async function demo(words: string[]): Promise<{ code: number; out: string; err: string }> {
  const recorder = recordingIo('json');
  const code = await run(['demo', '--gateway-url', platform.url, ...words], { env: {}, cwd: folder, io: recorder.io });
  return { code, out: recorder.out(), err: recorder.err() };
}

const sent = (path: string): Record<string, unknown>[] =>
  platform.received.filter((request) => request.path === path).map((request) => request.body as Record<string, unknown>);

it('plays every scene: sessions, agents in both wire forms, streams, a fallback, a failure, scores, several keys and models', async () => {
  const { code, out } = await demo(['--key', MASTER_KEY, '--public-key', PUBLIC_KEY, '--secret-key', SECRET_KEY, '--count', '12']);
  expect(code).toBe(0);
  const report = JSON.parse(out) as Record<string, number>;
  expect(report).toMatchObject({ traces: 4, problems: {} });
  expect(report.failures).toBe(2);
  const chats = sent('/v1/chat/completions');
  expect(chats).toHaveLength(report.calls ?? 0);
  expect(new Set(chats.map(({ model }) => model))).toEqual(new Set(['demo', 'demo-large', 'demo-away', 'no-such-model']));
  expect(chats.some(({ stream }) => stream === true)).toBe(true);
  expect(new Set(platform.received.filter(({ path }) => path === '/v1/chat/completions').map(({ headers }) => headers.authorization)).size).toBe(3);
  const sessions = Map.groupBy(
    chats.filter(({ metadata }) => metadata !== undefined),
    ({ metadata }) => (metadata as { session_id?: string }).session_id ?? '',
  );
  expect([...sessions.keys()].length).toBeGreaterThan(3);
  expect(sent('/api/public/otel/v1/traces').length).toBeGreaterThan(0);
  expect(sent('/api/public/ingestion').length).toBeGreaterThan(0);
  expect(new Set(sent('/api/public/scores').map(({ dataType }) => dataType))).toEqual(new Set(['BOOLEAN', 'NUMERIC', 'CATEGORICAL']));
});

it("hangs an agent's model calls under its own spans", async () => {
  await demo(['--key', MASTER_KEY, '--public-key', PUBLIC_KEY, '--secret-key', SECRET_KEY, '--count', '2']);
  const parents = platform.received.flatMap(({ headers }) => (headers.traceparent === undefined ? [] : [String(headers.traceparent).split('-')]));
  const events = sent('/api/public/ingestion').flatMap(({ batch }) => batch as { body: { id: string; traceId?: string } }[]);
  const spans = sent('/api/public/otel/v1/traces').flatMap((body) => JSON.stringify(body).match(/"spanId":"[0-9a-f]{16}"/g) ?? []);
  expect(parents.length).toBe(2);
  for (const [, traceId, spanId] of parents) {
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(events.some(({ body }) => body.id === spanId && body.traceId === traceId) || spans.includes(`"spanId":"${spanId}"`)).toBe(true);
  }
});

it('without project keys it sends calls only and says so; without a key it does not begin', async () => {
  const { code, err } = await demo(['--key', MASTER_KEY, '--count', '2']);
  expect(code).toBe(0);
  expect(err).toContain('demo.no-project-keys');
  expect(platform.received.some(({ path }) => path.startsWith('/api/public'))).toBe(false);
  expect((await demo([])).code).toBe(2);
});

it('counts refusals with their status and ends with code 1', async () => {
  const { code, out } = await demo(['--key', MASTER_KEY, '--public-key', 'pk-lf-wrong', '--secret-key', 'sk-lf-wrong', '--count', '2']);
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ problems: { '/api/public/scores: HTTP 401': expect.any(Number) } });
  expect(out).not.toContain('sk-lf-wrong');
});
