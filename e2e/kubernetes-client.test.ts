// The Kubernetes client against a real HTTPS server: authority, token, discovery, server-side apply, pages, refusals, logs, and exec over its WebSocket.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { kubernetesClient } from '@genai/infra/kubernetes/client';
import { KubernetesError, type KubernetesPort } from '@genai/infra/kubernetes/port';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';

interface Received {
  method: string;
  url: URL;
  headers: IncomingMessage['headers'];
  body: string;
}

const CORE = {
  resources: [
    { name: 'pods', kind: 'Pod', namespaced: true },
    { name: 'pods/log', kind: 'Pod', namespaced: true },
    { name: 'persistentvolumes', kind: 'PersistentVolume', namespaced: false },
  ],
};
const APPS = { resources: [{ name: 'deployments', kind: 'Deployment', namespaced: true }] };
const status = (code: number, message: string): [number, unknown] => [code, { kind: 'Status', message, code }];

let folder: string;
let server: Server;
let authority: string;
let endpoint: string;
const received: Received[] = [];
let answer: (request: Received) => [number, unknown] = () => [200, {}];
let tokens = 0;
const clients: KubernetesPort[] = [];

function client(certificateAuthority = authority): KubernetesPort {
  const made = kubernetesClient({ endpoint, certificateAuthority, token: async () => `token-${++tokens}` });
  clients.push(made);
  return made;
}

function handle(request: IncomingMessage, response: ServerResponse): void {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', () => {
    const seen = { method: request.method ?? '', url: new URL(request.url ?? '', endpoint), headers: request.headers, body: Buffer.concat(chunks).toString() };
    received.push(seen);
    const discovery: Record<string, unknown> = { '/api/v1': CORE, '/apis/apps/v1': APPS };
    const known = discovery[seen.url.pathname];
    const [code, body] = known === undefined ? answer(seen) : [200, known];
    response.writeHead(code, { 'content-type': 'application/json' }).end(typeof body === 'string' ? body : JSON.stringify(body));
  });
}

/** What the program in the pod does with the connection. */
let program: (socket: WebSocket, query: URLSearchParams) => void = () => {};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'genai-kubernetes-'));
  const openssl = (...words: string[]): Buffer => execFileSync('openssl', words, { cwd: folder, stdio: 'pipe' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'key.pem',
    '-out',
    'cert.pem',
    '-days',
    '2',
    '-subj',
    '/CN=kubernetes',
    '-addext',
    'subjectAltName=IP:127.0.0.1',
  );
  authority = readFileSync(join(folder, 'cert.pem'), 'utf8');
  server = createServer({ key: readFileSync(join(folder, 'key.pem')), cert: authority }, handle);
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: (protocols) => (protocols.has('v5.channel.k8s.io') ? 'v5.channel.k8s.io' : false) });
  server.on('upgrade', (request, socket, head) => {
    received.push({ method: 'UPGRADE', url: new URL(request.url ?? '', endpoint), headers: request.headers, body: '' });
    if (request.url?.includes('/pods/absent/')) return socket.end('HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n');
    sockets.handleUpgrade(request, socket, head, (opened) => program(opened, new URL(request.url ?? '', endpoint).searchParams));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  endpoint = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  for (const made of clients) await made.close();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

const DEPLOYMENT = { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'web', namespace: 'genai-platform' }, spec: { replicas: 1 } };

describe('the Kubernetes client', () => {
  it('applies with its field manager and force, finds the plural once, and sends a token each time', async () => {
    received.length = 0;
    answer = ({ body }) => [200, JSON.parse(body)];
    const made = client();
    await made.apply(DEPLOYMENT);
    await made.apply(DEPLOYMENT);
    expect(received.map(({ method, url }) => `${method} ${url.pathname}${url.search}`)).toEqual([
      'GET /apis/apps/v1',
      'PATCH /apis/apps/v1/namespaces/genai-platform/deployments/web?fieldManager=genai-platform&force=true',
      'PATCH /apis/apps/v1/namespaces/genai-platform/deployments/web?fieldManager=genai-platform&force=true',
    ]);
    expect(received[1]?.headers).toMatchObject({ 'content-type': 'application/apply-patch+yaml', authorization: expect.stringMatching(/^Bearer token-\d+$/) });
    expect(JSON.parse(received[1]?.body ?? '')).toEqual(DEPLOYMENT);
  });

  it('lists all pages of a namespace with kind and version, and nothing of a kind that the server does not have', async () => {
    answer = ({ url }) => {
      if (url.pathname !== '/api/v1/namespaces/n/pods') return status(404, 'the server could not find the requested resource');
      const isSecond = url.searchParams.get('continue') === 'next';
      return [200, { items: [{ metadata: { name: isSecond ? 'b' : 'a' } }], metadata: isSecond ? {} : { continue: 'next' } }];
    };
    const made = client();
    const pods = await made.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: 'n' });
    expect(pods.map(({ kind, apiVersion, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)).toEqual(['v1 Pod a', 'v1 Pod b']);
    expect(await made.list({ apiVersion: 'karpenter.sh/v1', kind: 'NodeClaim' })).toEqual([]);
  });

  it('takes what is not there for absent, whatever it is asked to do with it', async () => {
    answer = () => status(404, 'not found');
    const made = client();
    const reference = { apiVersion: 'v1', kind: 'Pod', name: 'x', namespace: 'n' };
    expect(await made.get(reference)).toBeNull();
    await made.remove(reference);
    await made.patch(reference, { spec: {} });
    expect(await made.logs({ namespace: 'n', name: 'x' }, { tailLines: 5 })).toBe('');
    await expect(made.apply({ ...DEPLOYMENT, apiVersion: 'absent/v1' })).rejects.toMatchObject({
      code: 'invalid',
      message: expect.stringContaining('does not know Deployment of absent/v1'),
    });
  });

  it("gives refusals a kind and the server's own sentence", async () => {
    const made = client();
    for (const [code, kind] of [
      [401, 'unauthorized'],
      [403, 'denied'],
      [409, 'conflict'],
      [422, 'invalid'],
      [429, 'throttled'],
      [503, 'unavailable'],
    ] as const) {
      answer = () => status(code, 'spec.template: field is immutable');
      await expect(made.apply(DEPLOYMENT)).rejects.toMatchObject({ code: kind, message: `Deployment/web: HTTP ${code} spec.template: field is immutable` });
    }
  });

  it('trusts only the authority that EKS named, and says when nobody answers', async () => {
    const other = execFileSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-keyout', '/dev/null', '-days', '2', '-subj', '/CN=other'], {
      stdio: 'pipe',
    }).toString();
    expect(await client(other).isReachable()).toBe(false);
    answer = () => [200, 'ok'];
    expect(await client().isReachable()).toBe(true);
    const nobody = kubernetesClient({ endpoint: 'https://127.0.0.1:9', certificateAuthority: authority, token: async () => 't' });
    expect(await nobody.isReachable()).toBe(false);
    await expect(nobody.get({ apiVersion: 'v1', kind: 'Pod', name: 'x' })).rejects.toBeInstanceOf(KubernetesError);
    await nobody.close();
  });

  it('runs a program: its input to the end, its output, its success', async () => {
    const input = Buffer.from('select 1;\n'.repeat(50_000));
    program = (socket, query) => {
      expect(query.getAll('command')).toEqual(['psql', '-f', '-']);
      const parts: Buffer[] = [];
      socket.on('message', (data) => {
        const frame = data as Buffer;
        if (frame[0] === 0) parts.push(frame.subarray(1));
        if (frame[0] !== 255) return;
        const all = Buffer.concat(parts);
        socket.send(Buffer.concat([Buffer.from([1]), Buffer.from(`${all.length} bytes, ${all.equals(input)}`)]));
        socket.send(Buffer.concat([Buffer.from([3]), Buffer.from('{"status":"Success"}')]));
      });
    };
    const output: Buffer[] = [];
    const chunks = async function* (): AsyncGenerator<Buffer> {
      for (let at = 0; at < input.length; at += 32_768) yield input.subarray(at, at + 32_768);
    };
    await client().run({ namespace: 'n', name: 'p', container: 'c' }, ['psql', '-f', '-'], { input: chunks(), output: (chunk) => output.push(chunk) });
    expect(Buffer.concat(output).toString()).toBe(`${input.length} bytes, true`);
  });

  it('tells why a program failed, and does not take a broken connection for a success', async () => {
    const pod = { namespace: 'n', name: 'p', container: 'c' };
    program = (socket) => {
      socket.send(Buffer.concat([Buffer.from([2]), Buffer.from('FATAL: password authentication failed')]));
      socket.send(Buffer.concat([Buffer.from([3]), Buffer.from('{"status":"Failure","message":"command terminated with exit code 2"}')]));
    };
    await expect(client().run(pod, ['pg_dump'], {})).rejects.toThrow('p: pg_dump: command terminated with exit code 2 FATAL: password authentication failed');
    program = (socket) => socket.close();
    await expect(client().run(pod, ['pg_dump'], {})).rejects.toMatchObject({ code: 'unreachable' });
    await expect(client().run({ ...pod, name: 'absent' }, ['pg_dump'], {})).rejects.toMatchObject({ code: 'unreachable' });
    // Whoever takes the output may fail too: a full disk is an error of the run, not of the process.
    program = (socket) => socket.send(Buffer.from('\u0001rows'));
    const full = (): never => {
      throw new Error('no space left');
    };
    await expect(client().run(pod, ['pg_dump'], { output: full })).rejects.toThrow('no space left');
  });
});
