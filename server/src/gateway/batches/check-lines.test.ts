// The lines of a file: what goes on of them, what is counted, what guards do with each, and by which number a wrong one is named.
import type { IncomingMessage, ServerResponse } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { Snapshot } from '#gateway/snapshot.ts';
import { CONFIG, DEPLOYMENT, startTestGateway, type TestGateway } from '#gateway/test-gateway-fixture.ts';
import { createMetrics } from '#telemetry/metrics.ts';
import { createGuardMeters } from '../guards/guard-set.ts';
import { type CheckedLines, checkLines } from './check-lines.ts';
import { Spool } from './spool.ts';

const FOLDER = path.join(os.tmpdir(), 'genai-test-uploads');
const open: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close();
});

const personal = {
  ...{ name: 'personal', kind: 'personal_data', provider: 'presidio', modes: new Set(['pre_call']), defaultOn: true, failOpen: false, timeoutMs: 1000 },
  ...{ violation: null, entities: new Map([['EMAIL_ADDRESS', 'MASK']]) },
};

async function rulesOf(guards: readonly object[] = []): Promise<{ test: TestGateway; snapshot: Snapshot }> {
  const test = await startTestGateway({});
  const config = {
    ...CONFIG,
    deployments: [{ ...DEPLOYMENT, apiBase: 'http://127.0.0.1:9/v1', defaultParameters: { temperature: 0.5 } }],
    guardrails: guards as never,
  };
  const guarding = { meters: createGuardMeters(createMetrics()), log: test.deps.log };
  const snapshot = new Snapshot(config, test.deps.settings, guarding);
  open.push(
    () => test.close(),
    () => snapshot.retire(),
  );
  return { test, snapshot };
}

async function check(text: string | Buffer, given: Awaited<ReturnType<typeof rulesOf>>, model: string | null = null): Promise<CheckedLines & { sent: string }> {
  const [from, to] = [await Spool.open(FOLDER), await Spool.open(FOLDER)];
  try {
    await from.write(Buffer.from(text));
    const http = [{ headers: {} } as IncomingMessage, {} as ServerResponse] as [IncomingMessage, ServerResponse];
    const choose = (group: { targets: readonly { deployment: object }[] }) => group.targets[0] as never;
    const checked = await checkLines({ deps: given.test.deps, snapshot: given.snapshot, key: null, keyId: 'k', http, model, choose }, from, to);
    const pieces: Buffer[] = [];
    for await (const piece of to.read()) pieces.push(piece);
    return { ...checked, sent: Buffer.concat(pieces).toString('utf8') };
  } finally {
    await from.close();
    await to.close();
  }
}

const line = (body: object, url = '/v1/chat/completions') =>
  JSON.stringify({ custom_id: 'a', method: 'POST', url, body: { model: 'gpt', messages: [{ role: 'user', content: 'x' }], ...body } });

describe('lines', () => {
  it('go on with the deployment’s model and defaults, byte for byte otherwise, and are counted', async () => {
    const given = await rulesOf();
    const first = `{"custom_id" : "一",  "method":"POST","url":"/v1/chat/completions","body":{"model":"gpt","messages":[{"role":"user","content":"日本"}],"n":2,"max_tokens":7,"unknown":1.50,"tags":["x"]}}`;
    const { sent, counted, model, target } = await check(`${first}\r\n\n${line({})}`, given);
    const [one, two] = sent.split('\n');
    expect(one).toBe(first.replace('"model":"gpt"', '"model":"fixed"').replace(',"tags":["x"]}', ',"temperature":0.5}'));
    expect(JSON.parse(two ?? '').body).toMatchObject({ model: 'fixed', temperature: 0.5 });
    expect(counted).toMatchObject({ lines: 2, url: '/v1/chat/completions', maxOutputTokens: 14, unstated: 1, unbounded: 0 });
    expect(counted.bodyBytes).toBeGreaterThan(100);
    expect([model, target.deployment.id]).toEqual(['gpt', 'dep-1']);
  });

  it('are of the model that is named beside them', async () => {
    const { sent } = await check(line({ model: 'whatever' }), await rulesOf(), 'gpt');
    expect(JSON.parse(sent).body.model).toBe('fixed');
  });

  it('are named by their number when they cannot be', async () => {
    const given = await rulesOf();
    for (const [text, why] of [
      [`${line({})}\n[]`, /^Line 2 is no JSON object/],
      [`${line({})}\n{"custom_id":"a"}`, /^Line 2: "method" is missing/],
      [`\n${line({}, '/v1/images/generations')}`, /^Line 2: "url" is/],
      [`${line({})}\n${line({ input: 'x' }, '/v1/embeddings')}`, /^Line 2: "url" .*one endpoint/],
      [line({ previous_response_id: 'resp_1', input: 'x' }, '/v1/responses'), /^Line 1: "previous_response_id"/],
      [line({ background: true, input: 'x' }, '/v1/responses'), /^Line 1: background/],
      [line({ tools: [{ type: 'mcp', server_url: 'litellm_proxy' }] }), /^Line 1: MCP servers/],
      [`${line({})}\n{"custom_id":"a","method":"POST","url":"/v1/chat/completions"}`, /^Line 2: "body" is missing/],
      [`${'x'.repeat(5 << 20)}`, /^Line 1 is longer/],
    ] as const)
      await expect(check(text, given)).rejects.toThrow(why);
  });

  it('of any bytes are taken or refused with 400', async () => {
    const given = await rulesOf();
    const piece = fc.oneof(fc.constantFrom(line({}), '{}', '{"body":{}}', '\n', '{"custom_id":1}', line({ model: 7 as never })), fc.string());
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 6 }), async (pieces) => {
        try {
          await check(pieces.join('\n'), given);
        } catch (error) {
          expect((error as { status?: number }).status, String(error)).toBe(400);
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('guards', () => {
  it('mask every line before it is sent', async () => {
    const given = await rulesOf([personal]);
    const lines = Array.from({ length: 40 }, (_, index) => line({ messages: [{ role: 'user', content: `${index} taro@example.com` }] }));
    const { sent } = await check(lines.join('\n'), given);
    expect(sent).not.toContain('taro@example.com');
    const contents = sent
      .split('\n')
      .filter(Boolean)
      .map((text) => JSON.parse(text).body.messages[0].content);
    expect(contents).toEqual(lines.map((_, index) => `${index} <EMAIL_ADDRESS>`));
  });
  it('that refuse name the line; those that look at answers refuse the file', async () => {
    const blocking = { ...personal, entities: new Map([['EMAIL_ADDRESS', 'BLOCK']]) };
    const text = `${line({})}\n${line({ messages: [{ role: 'user', content: 'taro@example.com' }] })}`;
    await expect(check(text, await rulesOf([blocking]))).rejects.toThrow(/^Line 2: Violated guardrail policy/);
    await expect(check(text, await rulesOf([{ ...personal, modes: new Set(['post_call']) }]))).rejects.toThrow(/^Line 1: .*answers/);
  });
});
