// The security table, what goes out: a canary in every carrier and every body is looked for in every sink – answers, headers, logs, files, the database, the upstream.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { call, generateKey } from './client.ts';
import { eventually, removeFolder, temporaryFolder } from './process.ts';
import { callIdOf, type ReliabilityRig, startRig } from './reliability-upstream.ts';

const CANARY = 'CANARY7f3a9d';
const PROMPT = 'PROMPTCANARY5b21 my number is 090-1234-5678';
let rig: ReliabilityRig;
let folder: string;
beforeAll(async () => {
  folder = temporaryFolder();
  rig = await startRig({ folder, flags: ['--log-level', 'debug'] });
});
afterAll(async () => {
  await rig?.close();
  removeFolder(folder);
});
const at = (path: string) => `${rig.platform.gatewayUrl}${path}`;

/** Files below a folder that hold the text, in plain or as it stands in JSON. */
function filesWith(text: string, under: string): string[] {
  return readdirSync(under, { recursive: true, encoding: 'utf8' })
    .map((name) => join(under, name))
    .filter((path) => statSync(path, { throwIfNoEntry: false })?.isFile() && readFileSync(path).includes(text));
}

describe('8 keys in sinks', () => {
  it('no carrier of a key, right or wrong, leaves it in an answer, a log line, a file, the database or an upstream', async () => {
    const right = await generateKey(rig.platform, { key: `sk-${CANARY}-right-0123456789abcdef` });
    const wrong = `sk-${CANARY}-wrong-0123456789abcdef`;
    const texts: string[] = [];
    const carriers = (key: string): Record<string, string>[] => [
      { authorization: `Bearer ${key}` },
      { 'x-litellm-api-key': key },
      { 'api-key': key },
      { 'x-api-key': key },
      { 'x-goog-api-key': key },
      { authorization: `Bearer ${key}`, cookie: `session=${key}` },
      { authorization: `Basic ${Buffer.from(`${key}:${key}`).toString('base64')}` },
      { authorization: key },
    ];
    const paths = [
      '/v1/chat/completions',
      '/v1/messages',
      '/v1/responses',
      '/v1/embeddings',
      '/v1beta/models/once:generateContent',
      '/nothing/here',
      '/key/generate',
    ];
    for (const headers of [...carriers(right), ...carriers(wrong)])
      for (const path of paths) {
        const answer = await call(at(path), { headers, body: { model: 'once', messages: [{ role: 'user', content: 'x' }], max_tokens: 5 } });
        texts.push(answer.text, JSON.stringify([...answer.headers]));
      }
    for (const key of [right, wrong]) {
      for (const path of [`/v1beta/models/once:generateContent?key=${key}`, `/v1/models?api_key=${key}`, `/key/info?key=${key}&token=${key}`])
        texts.push((await call(at(path), path.startsWith('/v1beta') ? { body: { contents: [] } } : {})).text);
      for (const body of [{ api_key: key }, { extra_headers: { authorization: key } }, { aws_secret_access_key: key }])
        texts.push((await rig.chat('once', { body })).text);
      // Failures upstream, in every shape, while the key is in the call.
      for (const mode of ['status;code=500', 'cut-json', 'disappear', 'not-json', 'rate-limit'])
        texts.push((await rig.chat('once', { key, script: [mode] })).text);
      rig.upstream.reset();
      await fetch(at('/v1/chat/completions'), { method: 'POST', headers: { authorization: `Bearer ${key}` }, body: '{"model":"once",' }).then((answer) =>
        answer.text(),
      );
    }
    texts.push((await call(at('/key/list?return_full_object=true'), { key: rig.platform.keys.masterKey })).text);
    texts.push(
      (await call(at('/spend/logs'), { key: rig.platform.keys.masterKey })).text,
      (await call(at('/metrics'), { key: rig.platform.keys.masterKey })).text,
    );
    expect(texts.filter((text) => text.includes(CANARY) && !text.includes('"key_name"'))).toEqual([]);
    expect(rig.platform.output()).not.toContain(CANARY);
    for (const request of [...rig.upstream.requests, ...rig.other.requests])
      expect(JSON.stringify(request.headers) + request.body.toString()).not.toContain(CANARY);
  });
  it('the upstream’s own key stays with its upstream', async () => {
    for (const mode of ['status;code=401;echo=1', 'status;code=500;message=the key sk-upstream is wrong', 'fixed']) {
      const answer = await rig.chat('once', { script: [mode] });
      expect(answer.text + JSON.stringify([...answer.headers])).not.toMatch(/sk-upstream|sk-proj-abcdef/);
    }
    expect((await call(at('/model/info'), { key: rig.platform.keys.masterKey })).text).not.toContain('sk-upstream');
    expect((await call(at('/v1/model/info'), { key: rig.platform.keys.masterKey })).text).not.toContain('sk-upstream');
    expect(rig.platform.output()).not.toMatch(/sk-upstream|sk-proj-abcdef/);
  });
});

describe('22 and 23 what upstreams say', () => {
  it('keys that an error repeats are taken out, in the answer and on the row', async () => {
    const answer = await rig.chat('once', { script: ['status;code=401;echo=1'] });
    expect([answer.status, answer.text.includes('Incorrect API key provided'), answer.text.includes('sk-proj')]).toEqual([401, true, false]);
    expect(JSON.stringify(await rig.row(callIdOf(answer)))).not.toContain('sk-proj');
    const streamed = await rig.chat('once', { body: { stream: true }, script: ['error-frame;code=401;echo=1'] });
    expect(streamed.text).not.toContain('sk-proj');
  });
  it('only listed headers of an upstream pass, under names of their own', async () => {
    for (const stream of [false, true]) {
      const { headers } = await rig.chat('once', { body: { stream } });
      expect(JSON.stringify([...headers])).not.toMatch(/org-secret|leak=1|set-cookie/);
      expect([headers.get('llm_provider-x-request-id'), headers.get('openai-organization'), headers.get('server'), headers.get('x-powered-by')]).toEqual([
        'req_fake',
        null,
        null,
        null,
      ]);
    }
  });
});

describe('21 what people write', () => {
  it('never stands in a log, however a call ends; a key may keep it out of every store', async () => {
    const silent = await generateKey(rig.platform, { key_alias: 'silent', metadata: { turn_off_message_logging: true } });
    const ask = (body: object, script: string[] = [], key = rig.platform.keys.masterKey) =>
      rig.chat('once', { key, script, body: { messages: [{ role: 'user', content: PROMPT }], ...body } });
    await ask({});
    await ask({ stream: true });
    for (const mode of ['status;code=500', 'status;code=400', 'cut-json', 'content-filter', 'sse;cut=3']) await ask({ stream: mode.startsWith('sse') }, [mode]);
    await ask({ api_base: PROMPT });
    await fetch(at('/v1/chat/completions'), {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.platform.keys.masterKey}` },
      body: `{"model":"once","messages":"${PROMPT}`,
    });
    expect(rig.platform.output()).not.toContain('PROMPTCANARY');
    const words = { messages: [{ role: 'user', content: 'SILENTCANARY' }] };
    expect((await rig.chat('once', { key: silent, body: words })).status).toBe(200);
    expect((await rig.chat('once', { body: words, headers: { 'x-litellm-enable-message-redaction': 'true' } })).status).toBe(200);
  });
});

describe('25 secrets at rest', () => {
  it('after the end no file of the data folder holds a key or a silent key’s words; passwords are scrypt', async () => {
    const { masterKey } = rig.platform.keys;
    const body = { credential_name: 'leak', credential_values: { api_key: `sk-${CANARY}-credential` }, credential_info: {} };
    expect((await call(at('/credentials'), { key: masterKey, body })).status).toBe(200);
    const traces = async () =>
      (await call(`${rig.platform.observeUrl}/api/public/traces?limit=1`, { basic: [rig.platform.keys.publicKey, rig.platform.keys.secretKey] })).body;
    await eventually('the calls to be traces', async () => ((await traces()) as unknown as { meta: { totalItems: number } }).meta.totalItems > 0);
    await rig.platform.stop();
    expect(filesWith(CANARY, rig.platform.dataDir)).toEqual([]);
    expect(filesWith('sk-upstream', rig.platform.dataDir)).toEqual([]);
    expect(filesWith('SILENTCANARY', rig.platform.dataDir)).toEqual([]);
    // The other prompts are kept, so the search does find what is there.
    expect(filesWith('PROMPTCANARY', rig.platform.dataDir).length).toBeGreaterThan(0);
    expect(filesWith(rig.platform.keys.password, rig.platform.dataDir).filter((path) => !path.endsWith('keys.json'))).toEqual([]);
    expect(filesWith(masterKey, rig.platform.dataDir).filter((path) => !path.endsWith('keys.json'))).toEqual([]);
  });
});
