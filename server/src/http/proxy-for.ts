// Which proxy leads to an origin: HTTP(S)_PROXY, unless NO_PROXY excepts the host.
import type { Settings } from '#settings/settings.ts';

type Network = Pick<Settings['network'], 'httpsProxy' | 'httpProxy' | 'noProxy'>;

/** The proxy that an origin goes through, or null. */
export function proxyFor(origin: string, network: Network): string | null {
  const url = new URL(origin);
  const proxy = url.protocol === 'https:' ? network.httpsProxy : network.httpProxy;
  if (proxy === null) return null;
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return network.noProxy.some((entry) => excepts(entry, url.hostname, port)) ? null : proxy;
}

/** `*`, `host`, `.domain` or `*.domain` (its hosts), `domain` (itself and its hosts), each with an optional port. */
function excepts(entry: string, host: string, port: string): boolean {
  if (entry === '*') return true;
  const match = /^(\[.*\]|[^:]*)(?::(\d+))?$/.exec(entry.trim().toLowerCase());
  const name = match?.[1]?.replace(/^\*?\./, '');
  if (!name || (match?.[2] !== undefined && match[2] !== port)) return false;
  return host === name || host.endsWith(`.${name}`);
}
