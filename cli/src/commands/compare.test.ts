import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compareShapes, shapeOf } from '#compare/shape.ts';
import { recordingIo } from '#recording-io.ts';
import { compare } from './compare.ts';

interface Scripted {
  status: number;
  headers: Record<string, string>;
  body: string;
}
const JSON_TYPE = { 'content-type': 'application/json' };
const chat = (fields: object = {}, usage: object = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 }) =>
  JSON.stringify({ id: 'x', object: 'chat.completion', choices: [{ index: 0, message: { role: 'assistant', content: 'hi', ...fields } }], usage });
const GOOD: Scripted = { status: 200, headers: { ...JSON_TYPE, 'x-litellm-response-cost': '0.001', 'x-litellm-call-id': 'one' }, body: chat() };

let [answerA, answerB] = [GOOD, GOOD];
let asked: string[] = [];
const servers: Server[] = [];
const folder = mkdtempSync(join(tmpdir(), 'genai-compare-'));
let urls: string[] = [];

beforeAll(async () => {
  for (const answer of [() => answerA, () => answerB]) {
    const server = createServer((request, response) => {
      let body = '';
      request.on('data', (chunk) => (body += chunk));
      request.on('end', () => {
        asked.push(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
        response.writeHead(answer().status, answer().headers).end(answer().body);
      });
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    servers.push(server);
  }
  urls = servers.map((server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterAll(() => {
  for (const server of servers) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function run(b: Partial<Scripted>, options: { lines?: string[]; flags?: string[]; a?: Partial<Scripted> } = {}) {
  answerA = { ...GOOD, ...options.a };
  answerB = { ...GOOD, ...b };
  asked = [];
  const file = join(folder, 'calls.jsonl');
  writeFileSync(file, (options.lines ?? ['{"model":"gpt","messages":[]}']).join('\n'));
  const recording = recordingIo('json');
  const argv = ['--a', urls[0] as string, '--b', `${urls[1]}/`, '--key', 'sk-both', '--key-b', 'sk-of-b', '--requests', file, ...(options.flags ?? [])];
  const code = await compare({ argv, env: {}, cwd: folder, io: recording.io });
  const out =
    recording.out() === ''
      ? null
      : (JSON.parse(recording.out()) as {
          differences: { aspect: string; what: string; a: string; b: string; calls: number }[];
          calls: unknown[];
          stopped: string | null;
          unsent: number;
        });
  return { code, out, differences: out?.differences.map(({ aspect, what, a, b }) => [aspect, what, a, b]) };
}

describe('genai compare', () => {
  it('sends the same call to both with their keys and finds nothing where only words and ids differ', async () => {
    const other = {
      headers: { ...GOOD.headers, 'x-litellm-call-id': 'two' },
      body: chat({ content: 'other words' }, { prompt_tokens: 9, completion_tokens: 30, total_tokens: 39 }),
    };
    expect(await run(other)).toMatchObject({ code: 0, differences: [] });
    expect(asked).toEqual([
      'POST /v1/chat/completions Bearer sk-both {"model":"gpt","messages":[]}',
      'POST /v1/chat/completions Bearer sk-of-b {"model":"gpt","messages":[]}',
    ]);
  });

  it('finds a status, a header, a member of the body, a count of tokens and a cost that differ', async () => {
    expect(await run({ status: 404, body: '{"error":{}}' })).toMatchObject({ code: 1, differences: [['status', 'status', '200', '404']] });
    const { 'x-litellm-call-id': _, ...fewer } = GOOD.headers;
    expect(await run({ headers: { ...fewer, 'x-ratelimit-limit-requests': '5' } })).toMatchObject({
      code: 1,
      differences: [
        ['header', 'x-litellm-call-id', 'one', '-'],
        ['header', 'x-ratelimit-limit-requests', '-', '5'],
      ],
    });
    expect((await run({ body: chat({ refusal: null, content: 7, extra: { deep: [1] } }) })).differences).toEqual([
      ['shape', 'choices[].message.content', 'string', 'number'],
      ['shape', 'choices[].message.extra', '-', 'object'],
      ['shape', 'choices[].message.refusal', '-', 'null'],
    ]);
    const usage = { prompt_tokens: 10, completion_tokens: 12, total_tokens: 22 };
    expect((await run({ body: chat({}, usage), headers: { ...GOOD.headers, 'x-litellm-response-cost': '0.002' } })).differences).toEqual([
      ['usage', 'prompt tokens', '9', '10'],
    ]);
    expect((await run({ headers: { ...GOOD.headers, 'x-litellm-response-cost': '0.002' } })).differences).toEqual([['cost', 'dollars', '0.001', '0.002']]);
  });

  it('compares streams by the shapes of their events and by how they end', async () => {
    const stream = (...lines: string[]) => ({
      headers: { 'content-type': 'text/event-stream; charset=utf-8', 'x-litellm-response-cost': '0' },
      body: lines.map((line) => `data: ${line}\n\n`).join(''),
    });
    const chunk = '{"choices":[{"delta":{"content":"a"}}]}';
    expect((await run(stream(chunk, chunk, '[DONE]'), { a: stream(chunk, '[DONE]') })).differences).toEqual([]);
    expect((await run(stream(chunk), { a: stream(chunk, '[DONE]') })).differences).toEqual([['shape', '(end of stream)', '[DONE]', '-']]);
  });

  it('stops before the money ends, and at a call whose cost nobody tells', async () => {
    const lines = Array.from({ length: 5 }, () => '{"model":"gpt"}');
    expect(await run({}, { lines, flags: ['--max-cost', '0.005'] })).toMatchObject({ code: 3, out: { stopped: 'cost', unsent: 3 } });
    const silent = { headers: JSON_TYPE };
    expect(await run(silent, { lines, a: silent })).toMatchObject({ code: 3, out: { stopped: 'unknown-cost', unsent: 4 } });
    expect(await run(silent, { lines, a: silent, flags: ['--unknown-cost', '0.001'] })).toMatchObject({ code: 0, out: { stopped: null, unsent: 0 } });
  });

  it('reads calls of any path, names a line that is none, and says what is wrong with the flags', async () => {
    await run({}, { lines: ['', '{"path":"/v1/models"}', '{"path":"/v1/embeddings","body":{"input":"a"}}'] });
    expect(asked.filter((line) => line.includes('sk-both'))).toEqual(['GET /v1/models Bearer sk-both ', 'POST /v1/embeddings Bearer sk-both {"input":"a"}']);
    expect((await run({}, { lines: ['{"model":"a"}', 'no'] })).code).toBe(2);
    expect((await run({}, { flags: ['--max-cost', 'much'] })).code).toBe(2);
    expect((await run({}, { flags: ['--from-log', '3'] })).code).toBe(2);
    expect((await run({}, { flags: ['--b', 'http://127.0.0.1:9'] })).code).toBe(1);
  });
});

describe('shapes', () => {
  it('of the same body are the same, whatever it is', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (body) => {
        expect(compareShapes(shapeOf([body]), shapeOf([structuredClone(body)]))).toEqual([]);
      }),
    );
  });
});
