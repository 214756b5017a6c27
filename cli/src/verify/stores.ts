// Checks of what lies behind the observability door: the trace by the public API, objects in the blob store, rows in the analytics store.
import type { BlobListing, PlatformStatus } from '@genai/server/platform';
import { call, callAdmin } from '#http.ts';
import { at, type Buckets, basic, type Check, describe, type Facts, failed, needs, type Outcome, passed, poll, type Target, waitOf } from './check.ts';

export const trace: Check = {
  id: 'trace',
  title: 'verify.trace',
  async run(target, facts) {
    const { call: made } = facts;
    if (target.publicKey === null || target.secretKey === null) return needs('--public-key and --secret-key');
    if (made === null) return needs('the call above');
    // Here a trace is called by the call's id; LiteLLM's callback takes metadata.trace_id, or the dashed call id.
    const ids = [...new Set([made.callId?.replaceAll('-', ''), made.traceId, made.callId].filter((id) => typeof id === 'string'))];
    const headers = basic(target.publicKey, target.secretKey);
    let last = '';
    const found = await poll(waitOf(target, facts), async () => {
      for (const id of ids) {
        const answer = await call(`${target.observeUrl}/api/public/traces/${encodeURIComponent(id)}`, { headers });
        if (answer.status === 200) return answer.json;
        if (answer.status !== 404) last = describe(answer);
      }
      return null;
    });
    if (found === null) return failed(`not found by ${ids.join(' or ')}${last === '' ? '' : `: ${last}`}`);
    const observations = at(found, 'observations');
    if (!Array.isArray(observations) || observations.length === 0) return failed(`trace ${String(at(found, 'id'))} has no observation`);
    facts.traceFound = true;
    facts.traces.push({ id: String(at(found, 'id')), publicKey: target.publicKey, secretKey: target.secretKey });
    return passed(`trace ${String(at(found, 'id'))} with ${observations.length} observation(s)`);
  },
};

/** The platform itself waits up to 20 s for its consumers. */
const ROLL_TIMEOUT_MS = 30_000;

export const blobs: Check = {
  id: 'blobs',
  title: 'verify.blobs',
  async run(target, facts) {
    if (target.buckets !== null) return await eventsObjects(target.buckets, waitOf(target, facts));
    const { adminSocket } = target;
    const { call: made } = facts;
    if (adminSocket === null) return needs("the platform's own data folder (--data-dir) on this machine; elsewhere look into the bucket");
    if (made === null) return needs('the call above');
    // Closes the open segment, so that it can be consumed, archived and seen now instead of when it is full.
    const rolled = await callAdmin(adminSocket, 'POST', '/journal/roll', ROLL_TIMEOUT_MS);
    if (rolled === null || rolled.status >= 300) return failed(`the journal could not be rolled: HTTP ${rolled?.status ?? 'no answer'}`);
    const archived = Number(at(rolled.json, 'archived') ?? 0);
    const newest = await poll(waitOf(target, facts), async () => {
      const answer = await callAdmin(adminSocket, 'GET', '/blobs?prefix=archive/');
      const found = (answer?.json as Partial<BlobListing> | undefined)?.data ?? [];
      // The file system's clock may be a tick behind the process's. A long listing is cut, so that the newest may be missing from it.
      return found.find((blob) => Date.parse(blob.modifiedAt) >= made.startedAtMs - 1000) ?? (archived > 0 ? found.at(-1) : undefined) ?? null;
    });
    return newest === null ? failed('no object under archive/ is newer than the call') : passed(`${newest.key}, ${newest.sizeBytes} bytes`);
  },
};

export const rows: Check = {
  id: 'rows',
  title: 'verify.rows',
  async run(target, facts) {
    if (target.buckets !== null) return await clickhousePrefixes(target.buckets);
    if (target.clickhouse !== null) return await clickhouseRows(target.clickhouse);
    if (target.adminSocket === null) return needs("the platform's own data folder (--data-dir) on this machine, or --clickhouse-url");
    if (facts.call === null) return needs('the call above');
    const before = facts.rowsBefore ?? 0;
    const grown = await poll(waitOf(target, facts), async () => {
      const count = await countRows(target);
      return count !== null && count > before ? count : null;
    });
    const after = grown ?? (await countRows(target));
    if (after === null) return failed('the analytics store is away');
    // A merge may take away replaced rows while a new one comes; the trace that was read proves the new one.
    return grown !== null || (after > 0 && facts.traceFound)
      ? passed(`${after} observations (${before} before the call)`)
      : failed(`still ${after} observations`);
  },
};

/** On AWS: Langfuse writes what it received under this prefix before it is processed. */
async function eventsObjects(buckets: Buckets, waitMs: number): Promise<Outcome> {
  const found = await poll(waitMs, async () => {
    const objects = await buckets.events(1000);
    return objects.length === 0 ? null : objects;
  });
  return found === null
    ? failed(`no object under events/ in ${buckets.eventsName}`)
    : passed(`${found.length === 1000 ? '1000 or more' : found.length} object(s) under events/ in ${buckets.eventsName}`);
}

/** On AWS: ClickHouse spreads its parts over many prefixes. */
async function clickhousePrefixes(buckets: Buckets): Promise<Outcome> {
  const prefixes = await buckets.clickhousePrefixes(1000);
  return prefixes.length === 0 ? failed(`no prefix in ${buckets.clickhouseName}`) : passed(`${prefixes.length} prefix(es) in ${buckets.clickhouseName}`);
}

/** Rows of observations in the running process; null when it cannot say. */
export async function countRows(target: Target): Promise<number | null> {
  if (target.adminSocket === null) return null;
  const answer = await callAdmin(target.adminSocket, 'GET', '/status').catch(() => null);
  return (answer?.json as Partial<PlatformStatus> | undefined)?.analytics?.observations ?? null;
}

async function clickhouseRows(access: NonNullable<Target['clickhouse']>): Promise<Outcome> {
  const headers = { 'x-clickhouse-user': access.user, 'x-clickhouse-key': access.password };
  const answer = await call(access.url, {
    method: 'POST',
    headers,
    body: 'SELECT count() FROM observations WHERE start_time > now() - INTERVAL 1 HOUR FORMAT TSV',
  });
  const count = /^\d+$/.test(answer.text.trim()) ? Number(answer.text) : null;
  if (answer.status !== 200 || count === null) return failed(describe(answer));
  return count > 0 ? passed(`${count} observations in the last hour`) : failed('no observation in the last hour');
}

/** Facts at the beginning: nothing found yet. */
export function noFacts(): Facts {
  return { isOurs: false, models: [], call: null, traceFound: false, rowsBefore: null, temporaryKeys: [], traces: [] };
}
