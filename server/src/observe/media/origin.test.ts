// Under which scheme a signed address leads back: only a listed proxy may say that the client came by https.
import { Hono } from 'hono';
import { describe, expect, it } from 'vitest';
import { addressOf } from './origin.ts';

const app = new Hono().get('/x', (http) => http.text(addressOf(http, '/media?s=1')));
const ask = async (headers: Record<string, string>, env?: object): Promise<string> =>
  await (await app.fetch(new Request('http://internal:3000/x', { headers: { host: 'llm.example', ...headers } }), env)).text();

describe('the address of a signed path', () => {
  it('has the scheme that a listed proxy names, and nobody else', async () => {
    const says = { 'x-forwarded-proto': 'https, http' };
    expect(await ask(says, { isFromProxy: true })).toBe('https://llm.example/media?s=1');
    expect(await ask(says, { isFromProxy: false })).toBe('http://llm.example/media?s=1');
    expect(await ask(says)).toBe('http://llm.example/media?s=1');
    expect(await ask({ 'x-forwarded-proto': 'javascript' }, { isFromProxy: true })).toBe('http://llm.example/media?s=1');
  });
});
