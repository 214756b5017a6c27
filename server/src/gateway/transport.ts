// Connections to upstreams: one undici pool an origin and TLS setting, kept alive, through HTTP(S)_PROXY where one is set and NO_PROXY does not except the host.
import { readFileSync } from 'node:fs';
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { rootCertificates } from 'node:tls';
import { type Dispatcher, Pool, ProxyAgent } from 'undici';
import { proxyFor } from '#http/proxy-for.ts';
import { AppError } from '#lib/errors.ts';
import type { GatewayConfig, Settings } from '#settings/settings.ts';
import { guardedLookup } from './forbidden-hosts.ts';

/** Below the idle time-outs of Azure's and OpenAI's front doors, far above undici's 4 s. */
const KEEP_ALIVE_MS = 45_000;

export type Network = Settings['network'];

/** The pools of one configuration. */
export class Transport {
  readonly #network: Network;
  readonly #connectTimeoutMs: number;
  readonly #pools = new Map<string, Dispatcher>();
  readonly #agents = new Map<string, HttpAgent>();

  constructor(network: Network, config: Pick<GatewayConfig, 'connectTimeoutMs'>) {
    this.#network = network;
    this.#connectTimeoutMs = config.connectTimeoutMs;
  }

  /**
   * The pool for an origin. `sslVerify`: true, false (no verification) or a CA file.
   * @throws AppError when a CA file cannot be read.
   */
  pool(origin: string, sslVerify: boolean | string): Dispatcher {
    const id = `${origin} ${sslVerify}`;
    let pool = this.#pools.get(id);
    if (pool === undefined) {
      pool = this.#open(origin, sslVerify);
      this.#pools.set(id, pool);
    }
    return pool;
  }

  #open(origin: string, sslVerify: boolean | string): Dispatcher {
    const tls = tlsOptions(sslVerify, this.#network.extraCaFile);
    const options = { keepAliveTimeout: KEEP_ALIVE_MS, keepAliveMaxTimeout: KEEP_ALIVE_MS, pipelining: 1, connections: null };
    const proxy = proxyFor(origin, this.#network);
    if (proxy === null) return new Pool(origin, { ...options, connect: { timeout: this.#connectTimeoutMs, noDelay: true, lookup: guardedLookup(), ...tls } });
    return new ProxyAgent({ ...options, uri: proxy, connectTimeout: this.#connectTimeoutMs, requestTls: tls, proxyTls: tls });
  }

  /** Connections that become WebSockets, for the same origins in the same way. */
  agent(origin: string, sslVerify: boolean | string): HttpAgent {
    const id = `${origin} ${sslVerify}`;
    let agent = this.#agents.get(id);
    if (agent === undefined) {
      const proxy = proxyFor(origin, this.#network);
      const tls = tlsOptions(sslVerify, this.#network.extraCaFile);
      const through = proxy === null ? { lookup: guardedLookup() } : { proxyEnv: { HTTP_PROXY: proxy, HTTPS_PROXY: proxy } };
      const Agent = origin.startsWith('https:') ? HttpsAgent : HttpAgent;
      agent = new Agent({ ...through, ...tls });
      this.#agents.set(id, agent);
    }
    return agent;
  }

  /** Waits for calls in flight, then closes every connection. */
  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.close()));
  }
}

function tlsOptions(sslVerify: boolean | string, extraCaFile: string | null): { rejectUnauthorized?: boolean; ca?: string[] } {
  if (sslVerify === false) return { rejectUnauthorized: false };
  const files = [extraCaFile, typeof sslVerify === 'string' ? sslVerify : null].filter((file) => file !== null);
  return files.length === 0 ? {} : { ca: [...rootCertificates, ...files.map(readAuthorities)] };
}

function readAuthorities(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new AppError(`The certificate file ${file} cannot be read: check ssl_verify, SSL_CERT_FILE and NODE_EXTRA_CA_CERTS.`, {
      status: 500,
      code: 'internal_server_error',
      cause: error,
    });
  }
}
