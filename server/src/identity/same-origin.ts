// The guard of everything that a cookie may do: an unsafe method needs an Origin that is the very host the request came to.

/** What the check reads; both Headers and Node's header object fit with a small closure. */
export interface OriginParts {
  method: string;
  origin: string | null | undefined;
  /** The Host header as the client sent it. */
  host: string | null | undefined;
}

/** True for safe methods, and when Origin names the request's own host and port. A missing or opaque ("null") Origin is not the same. */
export function isSameOrigin({ method, origin, host }: OriginParts): boolean {
  if (method === 'GET' || method === 'HEAD' || method === 'OPTIONS') return true;
  if (!origin || !host || !URL.canParse(origin)) return false;
  const { protocol, host: originHost } = new URL(origin);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  return originHost === normalHost(host, protocol);
}

/** A host as URL writes it: lower case, without the scheme's own port; '' for what is no host. */
function normalHost(host: string, protocol: string): string {
  const url = `${protocol}//${host}`;
  if (!/^[^/?#@\\]+$/.test(host) || !URL.canParse(url)) return '';
  return new URL(url).host;
}
