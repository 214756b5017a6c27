// Whether the upstreams can be reached (--network only): a TCP and, for https, a TLS connection, through the proxy where one is set. Nothing is asked of them and no key is sent.
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates } from 'node:tls';
import type { GatewayConfig, Settings } from '@genai/server/settings';
import { type Finding, ok, problem, warning } from './finding.ts';

const TIMEOUT_MS = 5000;

interface Target {
  url: URL;
  sslVerify: boolean | string;
  /** Names of the models behind it. */
  models: string[];
}

/** One finding an upstream origin, however many deployments share it. */
export function checkUpstreams({ deployments, fallbacks }: Pick<GatewayConfig, 'deployments' | 'fallbacks'>, network: Settings['network']): Promise<Finding[]> {
  const targets = new Map<string, Target>();
  for (const { apiBase, modelName, problem: reason, sslVerify, provider } of deployments) {
    if (apiBase === null || provider === 'demo' || (reason ?? null) !== null) continue;
    const url = new URL(apiBase);
    const known = targets.get(url.origin) ?? { url, sslVerify, models: [] };
    known.models.push(modelName);
    targets.set(url.origin, known);
  }
  return Promise.all(
    [...targets.values()].map((target) => checkTarget(target, network, (model) => Object.hasOwn(fallbacks, model) || Object.hasOwn(fallbacks, '*'))),
  );
}

async function checkTarget(target: Target, network: Settings['network'], hasFallback: (model: string) => boolean): Promise<Finding> {
  const started = performance.now();
  const id = `network.${target.url.host}`;
  const proxy = proxyFor(target.url, network);
  const by = proxy === null ? '' : ` through the proxy ${new URL(proxy).host}`;
  try {
    const socket = proxy === null ? await openTcp(target.url) : await openThroughProxy(target.url, new URL(proxy));
    const checked = target.url.protocol === 'https:' ? await speakTls(socket, target, network.extraCaFile) : socket;
    checked.destroy();
    return ok(id, `reached${by} in ${Math.round(performance.now() - started)} ms (${target.models.join(', ')})`);
  } catch (error) {
    // With a fallback behind every model the calls are answered all the same.
    const judge = target.models.every(hasFallback) ? warning : problem;
    return judge(
      id,
      `${reasonOf(error)}${by} (${target.models.join(', ')}): check the address, the proxy and the certificate authorities (NODE_EXTRA_CA_CERTS)`,
    );
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

/** The proxy for a URL, by the rules of NO_PROXY: exact host, ".suffix", "*", each optionally with a port. */
export function proxyFor(url: URL, network: Pick<Settings['network'], 'httpsProxy' | 'httpProxy' | 'noProxy'>): string | null {
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  const excluded = network.noProxy.some((entry) => {
    const [name = '', wantedPort] = entry.toLowerCase().split(':');
    if (wantedPort !== undefined && wantedPort !== port) return false;
    const suffix = name.replace(/^\*?\.?/, '');
    return name === '*' || url.hostname === suffix || url.hostname.endsWith(`.${suffix}`);
  });
  return excluded ? null : url.protocol === 'https:' ? network.httpsProxy : network.httpProxy;
}

function openTcp(url: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: url.hostname.replace(/^\[|\]$/g, ''), port: Number(url.port || (url.protocol === 'https:' ? 443 : 80)) });
    watch(socket, 'connect', { resolve, reject });
  });
}

function openThroughProxy(url: URL, proxy: URL): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const authority = `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
    const login =
      proxy.username === ''
        ? {}
        : { 'proxy-authorization': `Basic ${Buffer.from(`${decodeURIComponent(proxy.username)}:${decodeURIComponent(proxy.password)}`).toString('base64')}` };
    const outgoing = request({
      host: proxy.hostname,
      port: proxy.port || 80,
      method: 'CONNECT',
      path: authority,
      timeout: TIMEOUT_MS,
      headers: { host: authority, ...login },
    });
    outgoing.on('connect', (response, socket) =>
      response.statusCode === 200 ? resolve(socket as Socket) : reject(new Error(`the proxy answered ${response.statusCode ?? 'nothing'}`)),
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}

function speakTls(socket: Socket, target: Target, extraCaFile: string | null): Promise<Socket> {
  const files = [extraCaFile, typeof target.sslVerify === 'string' ? target.sslVerify : null].filter((file) => file !== null);
  const authorities = files.length === 0 ? {} : { ca: [...getCACertificates('default'), ...files.map((file) => readFileSync(file, 'utf8'))] };
  return new Promise((resolve, reject) => {
    const secure = connectTls({ socket, servername: target.url.hostname, rejectUnauthorized: target.sslVerify !== false, ...authorities });
    watch(secure, 'secureConnect', { resolve, reject });
  });
}

function watch(socket: Socket, event: string, end: { resolve(socket: Socket): void; reject(error: Error): void }): void {
  socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error('timed out')));
  socket.once('error', end.reject);
  socket.once(event, () => end.resolve(socket));
}
