// Which clients talk to this process: SDK and version by project, when they were last seen, what was refused and why. In memory, bounded; the least recently seen leaves.

/** One answered request. */
export interface SeenCall {
  projectId: string;
  /** What an SDK says of itself; '' where it says nothing. */
  sdk: { name: string; version: string };
  userAgent: string;
  /** The route's pattern. */
  route: string;
  /** Reasons with how often each was given. */
  refusals: readonly { reason: string; count: number }[];
}

export interface SeenClient {
  name: string;
  version: string;
  userAgent: string;
  firstSeen: string;
  lastSeen: string;
  requests: number;
  /** Requests, events and spans that were refused. */
  refused: number;
  routes: { route: string; requests: number }[];
  reasons: { reason: string; count: number; lastAt: string }[];
}

export interface ClientLedger {
  saw(call: SeenCall): void;
  /** Of a project, the last seen first. */
  clients(projectId: string): SeenClient[];
  since(): string;
}

export interface LedgerBounds {
  clients: number;
  routes: number;
  reasons: number;
}

export const LEDGER_BOUNDS: LedgerBounds = { clients: 500, routes: 40, reasons: 20 };
const MOST_CHARACTERS = 300;

interface Entry {
  projectId: string;
  name: string;
  version: string;
  userAgent: string;
  firstMs: number;
  lastMs: number;
  requests: number;
  refused: number;
  routes: Map<string, number>;
  reasons: Map<string, { count: number; lastMs: number }>;
}

/** Makes the ledger of one process. */
export function createClientLedger(bounds: LedgerBounds = LEDGER_BOUNDS, now: () => number = Date.now): ClientLedger {
  const entries = new Map<string, Entry>();
  const startedMs = now();
  return {
    saw(call) {
      const { name, version } = identityOf(call);
      const key = JSON.stringify([call.projectId, name, version]);
      const nowMs = now();
      const entry = entries.get(key) ?? newEntry({ projectId: call.projectId, name, version }, nowMs);
      // Deleted and set again: the order of a map is the order of last use.
      entries.delete(key);
      entries.set(key, entry);
      if (entries.size > bounds.clients) entries.delete(entries.keys().next().value as string);
      note(entry, call, nowMs, bounds);
    },
    clients: (projectId) =>
      [...entries.values()]
        .filter((entry) => entry.projectId === projectId)
        .map(clientOf)
        .reverse(),
    since: () => new Date(startedMs).toISOString(),
  };
}

function newEntry(who: Pick<Entry, 'projectId' | 'name' | 'version'>, nowMs: number): Entry {
  return { ...who, userAgent: '', firstMs: nowMs, lastMs: nowMs, requests: 0, refused: 0, routes: new Map(), reasons: new Map() };
}

function note(entry: Entry, call: SeenCall, nowMs: number, bounds: LedgerBounds): void {
  entry.lastMs = nowMs;
  entry.requests += 1;
  entry.userAgent = call.userAgent.slice(0, MOST_CHARACTERS);
  const known = entry.routes.get(call.route);
  if (known !== undefined || entry.routes.size < bounds.routes) entry.routes.set(call.route, (known ?? 0) + 1);
  for (const { reason, count } of call.refusals) {
    const text = reason.slice(0, MOST_CHARACTERS);
    const before = entry.reasons.get(text)?.count ?? 0;
    entry.refused += count;
    entry.reasons.delete(text);
    entry.reasons.set(text, { count: before + count, lastMs: nowMs });
    if (entry.reasons.size > bounds.reasons) entry.reasons.delete(entry.reasons.keys().next().value as string);
  }
}

function clientOf(entry: Entry): SeenClient {
  return {
    name: entry.name,
    version: entry.version,
    userAgent: entry.userAgent,
    firstSeen: new Date(entry.firstMs).toISOString(),
    lastSeen: new Date(entry.lastMs).toISOString(),
    requests: entry.requests,
    refused: entry.refused,
    routes: [...entry.routes].map(([route, requests]) => ({ route, requests })).sort((one, other) => other.requests - one.requests),
    reasons: [...entry.reasons].map(([reason, { count, lastMs }]) => ({ reason, count, lastAt: new Date(lastMs).toISOString() })).reverse(),
  };
}

/** By the SDK's own headers, else by the first product of the user agent ("OTel-OTLP-Exporter-JavaScript/0.223.0"); a browser is one, whichever. */
export function identityOf({ sdk, userAgent }: Pick<SeenCall, 'sdk' | 'userAgent'>): { name: string; version: string } {
  if (sdk.name !== '') return { name: sdk.name.slice(0, 100), version: sdk.version.slice(0, 100) };
  const [product = ''] = userAgent.trim().split(/\s/);
  if (product.startsWith('Mozilla/')) return { name: 'browser', version: '' };
  const slash = product.indexOf('/');
  return { name: (slash < 0 ? product : product.slice(0, slash)).slice(0, 100), version: slash < 0 ? '' : product.slice(slash + 1, slash + 101) };
}
