// How receivers are reached: POSTs over kept connections (through the proxy where one is set), buckets, and whether an address is this platform's own.
import type { Dispatcher } from 'undici';
import type { Blobs } from '#stores/blobs/port.ts';
import type { Outside } from './receiver.ts';

export interface OutsideParts {
  /** Connections to an origin. */
  pool: (origin: string) => Dispatcher;
  /** The platform's own blob store. */
  blobs: Blobs;
  openBucket: (variables: Readonly<Record<string, string>>) => Promise<Blobs>;
  /** What this platform answers as x-genai-instance. */
  instanceId: string;
}

export const INSTANCE_HEADER = 'x-genai-instance';
const LONGEST_ANSWER = 64 * 1024;
const ASK_TIMEOUT_MS = 5_000;
const KNOWN_FOR_MS = 10 * 60_000;
const MOST_KNOWN = 1_000;

export function createOutside({ pool, blobs, openBucket, instanceId }: OutsideParts): Outside {
  const known = new Map<string, { isSelf: boolean; untilMs: number }>();
  const request = async (url: URL, options: { method: 'GET' | 'POST'; headers: Record<string, string>; body?: Buffer; signal: AbortSignal }) => {
    const { username, password } = url;
    const login =
      username === '' ? {} : { authorization: `Basic ${Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString('base64')}` };
    return await pool(url.origin).request({ path: url.pathname + url.search, ...options, headers: { ...login, ...options.headers } });
  };
  return {
    async get(address, headers, signal) {
      const answer = await request(new URL(address), { method: 'GET', headers, signal });
      return { status: answer.statusCode, text: await beginningOf(answer.body) };
    },
    async post(address, headers, body, signal) {
      const answer = await request(new URL(address), { method: 'POST', headers, body, signal });
      return { status: answer.statusCode, text: await beginningOf(answer.body) };
    },
    objects: async (variables) => (variables.S3_BUCKET_NAME === undefined ? blobs : await openBucket(variables)),
    async isSelf(host) {
      const nowMs = Date.now();
      const before = known.get(host);
      if (before !== undefined && before.untilMs > nowMs) return before.isSelf;
      try {
        const answer = await request(new URL(`${host}/api/public/health`), { method: 'GET', headers: {}, signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
        await answer.body.dump();
        const isSelf = answer.headers[INSTANCE_HEADER] === instanceId;
        if (known.size >= MOST_KNOWN) known.clear();
        known.set(host, { isSelf, untilMs: nowMs + KNOWN_FOR_MS });
        return isSelf;
      } catch {
        // Whoever does not answer is not this process; the delivery itself says what is wrong.
        return before?.isSelf ?? false;
      }
    },
  };
}

async function beginningOf(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (size < LONGEST_ANSWER) chunks.push(chunk);
    size += chunk.length;
  }
  return Buffer.concat(chunks).toString('utf8').slice(0, LONGEST_ANSWER);
}
