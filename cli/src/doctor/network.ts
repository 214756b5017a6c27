// Whether the upstreams can be reached (--network only), step by step: name, connection, TLS, HTTP, through the proxy where one is set. Nobody's key is sent.
import { X509Certificate } from 'node:crypto';
import { lookup } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, getCACertificates, type TLSSocket } from 'node:tls';
import type { GatewayConfig, Settings } from '@genai/server/settings';
import { type Finding, ok, problem, warning } from './finding.ts';

const TIMEOUT_MS = 5000;

interface Target {
  url: URL;
  sslVerify: boolean | string;
  /** Names of the models behind it. */
  models: string[];
}

/** Proxy and authorities, then one finding an upstream origin, however many deployments share it. */
export async function checkUpstreams(
  { deployments, fallbacks }: Pick<GatewayConfig, 'deployments' | 'fallbacks'>,
  network: Settings['network'],
): Promise<Finding[]> {
  const targets = new Map<string, Target>();
  for (const { apiBase, modelName, problem: reason, sslVerify, provider } of deployments) {
    if (apiBase === null || provider === 'demo' || (reason ?? null) !== null) continue;
    const url = new URL(apiBase);
    const known = targets.get(url.origin) ?? { url, sslVerify, models: [] };
    known.models.push(modelName);
    targets.set(url.origin, known);
  }
  const hasFallback = (model: string): boolean => Object.hasOwn(fallbacks, model) || Object.hasOwn(fallbacks, '*');
  return [
    checkProxy(network),
    checkAuthorities(network.extraCaFile),
    ...(await Promise.all([...targets.values()].map((target) => checkTarget(target, network, hasFallback)))),
  ];
}

function checkProxy({ httpsProxy, httpProxy, noProxy }: Settings['network']): Finding {
  const shown = (url: string): string => new URL(url).host;
  const proxies = [httpsProxy === null ? [] : [`https by ${shown(httpsProxy)}`], httpProxy === null ? [] : [`http by ${shown(httpProxy)}`]].flat();
  if (proxies.length === 0) return ok('network.proxy', 'none is set (HTTPS_PROXY, HTTP_PROXY)');
  return ok('network.proxy', `${proxies.join(', ')}${noProxy.length === 0 ? '' : `; not for ${noProxy.join(', ')}`}`);
}

/** A file of authorities that is missing, empty or expired is found here, before it is looked for in a failed handshake. */
function checkAuthorities(file: string | null): Finding {
  const builtIn = `${getCACertificates('default').length} authorities of Node`;
  if (file === null) return ok('network.ca', `${builtIn}; no file is named (NODE_EXTRA_CA_CERTS, SSL_CERT_FILE)`);
  try {
    const certificates = readFileSync(file, 'utf8').match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
    if (certificates.length === 0) return problem('network.ca', `${file} holds no certificate: name a PEM file`);
    const expired = certificates.map((text) => new X509Certificate(text)).filter(({ validTo }) => new Date(validTo).getTime() < Date.now());
    if (expired.length > 0) return warning('network.ca', `${file}: ${expired.length} of ${certificates.length} certificates have expired`);
    return ok('network.ca', `${builtIn}, and ${certificates.length} of ${file}`);
  } catch (error) {
    return problem('network.ca', `${file} cannot be read (${reasonOf(error)}): correct NODE_EXTRA_CA_CERTS or SSL_CERT_FILE`);
  }
}

async function checkTarget(target: Target, network: Settings['network'], hasFallback: (model: string) => boolean): Promise<Finding> {
  const id = `network.${target.url.host}`;
  const proxy = proxyFor(target.url, network);
  const steps: string[] = [];
  const started = performance.now();
  try {
    steps.push(proxy === null ? await resolveName(target.url) : `through the proxy ${new URL(proxy).host}`);
    const socket = proxy === null ? await openTcp(target.url) : await openThroughProxy(target.url, new URL(proxy));
    steps.push('connected');
    const spoken = target.url.protocol === 'https:' ? await speakTls(socket, target, network.extraCaFile) : socket;
    if (spoken !== socket) steps.push(tlsText(spoken as TLSSocket));
    steps.push(await speakHttp(spoken, target.url));
    spoken.destroy();
    return ok(id, `${steps.join(', ')} in ${Math.round(performance.now() - started)} ms (${target.models.join(', ')})`);
  } catch (error) {
    // With a fallback behind every model the calls are answered all the same.
    const judge = target.models.every(hasFallback) ? warning : problem;
    const reached = steps.length === 0 ? '' : `${steps.join(', ')}, then `;
    return judge(
      id,
      `${reached}${reasonOf(error)} (${target.models.join(', ')}): check the address, the proxy and the certificate authorities (NODE_EXTRA_CA_CERTS)`,
    );
  }
}

function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return code ?? message;
}

async function resolveName(url: URL): Promise<string> {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) !== 0) return `address ${host}`;
  const addresses = await lookup(host, { all: true });
  return `DNS ${addresses.map(({ address }) => address).join(' ')}`;
}

function tlsText(socket: TLSSocket): string {
  const { issuer, valid_to: until } = socket.getPeerCertificate();
  const by = issuer?.O ?? issuer?.CN;
  const day = until === undefined ? '' : ` until ${new Date(until).toISOString().slice(0, 10)}`;
  return `${socket.getProtocol() ?? 'TLS'}${by === undefined ? '' : ` by ${String(by)}`}${day}${socket.authorized ? '' : ' (not verified: ssl_verify is false)'}`;
}

/** What the server says to a request without a key: any status is an answer. */
function speakHttp(socket: Socket, url: URL): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({
      createConnection: () => socket,
      method: 'GET',
      path: url.pathname,
      timeout: TIMEOUT_MS,
      headers: { host: url.host, connection: 'close' },
    });
    outgoing.on('response', (response) => {
      response.resume();
      resolve(`HTTP ${response.statusCode ?? '?'}`);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer to an HTTP request')));
    outgoing.on('error', reject);
    outgoing.end();
  });
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
