// Upstream calls through a CONNECT proxy that ends TLS with an authority of its own, as companies run them: HTTPS_PROXY, SSL_CERT_FILE, NO_PROXY, ssl_verify.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chat } from './client.ts';
import { startPlatform } from './process.ts';

let folder: string;
let upstream: ReturnType<typeof createTlsServer>;
let proxy: Server;
const tunnels: string[] = [];
const authorizations: (string | undefined)[] = [];
const portOf = (server: { address(): unknown }) => (server.address() as { port: number }).port;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genai-proxy-'));
  const openssl = (...args: string[]) => execFileSync('openssl', args, { cwd: folder, stdio: 'pipe' });
  openssl('req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=Company CA');
  openssl(
    'req',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'server.key',
    '-out',
    'server.csr',
    '-subj',
    '/CN=upstream.test',
    '-addext',
    'subjectAltName=DNS:upstream.test,DNS:login.upstream.test',
  );
  openssl(
    'x509',
    '-req',
    '-in',
    'server.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'server.pem',
    '-days',
    '2',
    '-copy_extensions',
    'copyall',
  );
  upstream = createTlsServer({ key: readFileSync(join(folder, 'server.key')), cert: readFileSync(join(folder, 'server.pem')) }, (request, response) => {
    authorizations.push(request.headers.authorization);
    request.resume();
    request.on('end', () => {
      response.setHeader('content-type', 'application/json');
      if (request.url?.endsWith('/oauth2/v2.0/token')) return response.end('{"token_type":"Bearer","access_token":"entra-token","expires_in":3599}');
      response.end(
        JSON.stringify({
          id: 'chatcmpl-proxy',
          object: 'chat.completion',
          created: 1,
          model: 'gpt-4o-mini',
          choices: [{ index: 0, message: { role: 'assistant', content: 'through the proxy' }, finish_reason: 'stop' }],
          usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
        }),
      );
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
  proxy = createServer();
  proxy.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '');
    const target = connect(portOf(upstream), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      target.pipe(socket);
      socket.pipe(target);
    });
    target.on('error', () => socket.destroy());
    socket.on('error', () => target.destroy());
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
});
afterAll(() => {
  upstream?.close();
  upstream?.closeAllConnections();
  proxy?.close();
  proxy?.closeAllConnections();
  rmSync(folder, { recursive: true, force: true });
});

const config = (extra = '') => `
model_list:
  - model_name: behind
    litellm_params: { model: openai/gpt-4o-mini, api_base: "https://upstream.test/v1", api_key: sk-up, max_retries: 0${extra} }
`;
const environment = () => ({ HTTPS_PROXY: `http://127.0.0.1:${portOf(proxy)}`, NO_PROXY: '127.0.0.1,localhost' });

describe('an upstream behind a proxy with its own authority', () => {
  it('is reached when SSL_CERT_FILE names the authority', async () => {
    const platform = await startPlatform({ config: config(), environment: { ...environment(), SSL_CERT_FILE: join(folder, 'ca.pem') } });
    const answer = await chat(platform, platform.keys.virtualKey, 'behind');
    expect(answer.text).toContain('through the proxy');
    expect(tunnels.at(-1)).toBe('upstream.test:443');
    await platform.stop();
  });
  it('is reached in the name of an application of Entra ID, whose authority is behind the same proxy', async () => {
    const application = 'model: azure/gpt-4o-mini, api_base: "https://upstream.test", tenant_id: t, client_id: c, client_secret: s';
    const platform = await startPlatform({
      config: `model_list: [{ model_name: behind, litellm_params: { ${application} } }]`,
      environment: { ...environment(), SSL_CERT_FILE: join(folder, 'ca.pem'), AZURE_AUTHORITY_HOST: 'https://login.upstream.test' },
    });
    const answer = await chat(platform, platform.keys.virtualKey, 'behind');
    expect([answer.status, tunnels.slice(-2), authorizations.at(-1)]).toEqual([200, ['login.upstream.test:443', 'upstream.test:443'], 'Bearer entra-token']);
    await platform.stop();
  });
  it('is refused without the authority, in words, and reached with ssl_verify: false', async () => {
    const strict = await startPlatform({ config: config(), environment: environment() });
    const refused = await chat(strict, strict.keys.virtualKey, 'behind');
    expect(refused.status).toBeGreaterThanOrEqual(500);
    expect(refused.text).toMatch(/certificate|TLS/i);
    await strict.stop();
    const open = await startPlatform({ config: config(', ssl_verify: false'), environment: environment() });
    expect((await chat(open, open.keys.virtualKey, 'behind')).status).toBe(200);
    await open.stop();
  });
});
