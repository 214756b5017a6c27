// A Langfuse public API as the copier uses it: ours or somebody else's. Repeats what was refused for a moment; everything else is an error with the server's words.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Answer, call, Unreachable } from '#http.ts';

export interface LangfuseApi {
  readonly url: string;
  /** Null for 404. */
  get<Body>(path: string): Promise<Body | null>;
  /** Every element of a paged list. */
  pages<Element>(path: string): AsyncGenerator<{ data: Element[]; total: number }>;
  send<Body>(method: 'POST' | 'PATCH', path: string, body: unknown): Promise<Body>;
}

/** What the server refused, with its words. */
export class Refused extends Error {
  readonly status: number;

  constructor(url: string, status: number, words: string) {
    super(`${new URL(url).host} answered ${status}: ${words}`);
    this.name = 'Refused';
    this.status = status;
  }
}

const TRIES = 6;
const TIMEOUT_MS = 120_000;
const PAGE = 50;

export function openLangfuse({ url, publicKey, secretKey }: { url: string; publicKey: string; secretKey: string }): LangfuseApi {
  const base = url.replace(/\/+$/, '');
  const headers = { authorization: `Basic ${Buffer.from(`${publicKey}:${secretKey}`).toString('base64')}` };
  const asked = async (method: string, path: string, body?: unknown): Promise<Answer> => {
    for (let attempt = 1; ; attempt += 1) {
      const answer = await tryOnce(
        () => call(`${base}/api/public${path}`, { method, headers, timeoutMs: TIMEOUT_MS, ...(body === undefined ? {} : { body }) }),
        attempt,
      );
      if (answer !== null && (!isMoment(answer.status) || attempt === TRIES)) return answer;
      await sleep(waitMs(answer, attempt));
    }
  };
  const good = <Body>(answer: Answer): Body => {
    if (answer.status < 300) return answer.json as Body;
    throw new Refused(base, answer.status, wordsOf(answer));
  };
  return {
    url: base,
    async get(path) {
      const answer = await asked('GET', path);
      return answer.status === 404 ? null : good(answer);
    },
    async *pages(path) {
      for (let page = 1; ; page += 1) {
        const answer = await asked('GET', `${path}${path.includes('?') ? '&' : '?'}page=${page}&limit=${PAGE}`);
        const { data, meta } = good<{ data: never[]; meta: { totalItems: number; totalPages: number } }>(answer);
        yield { data, total: meta.totalItems };
        if (page >= meta.totalPages) return;
      }
    },
    send: async (method, path, body) => good(await asked(method, path, body)),
  };
}

const isMoment = (status: number): boolean => status === 429 || status === 503 || status === 502 || status === 504;

async function tryOnce(ask: () => Promise<Answer>, attempt: number): Promise<Answer | null> {
  try {
    return await ask();
  } catch (error) {
    if (!(error instanceof Unreachable) || attempt === TRIES) throw error;
    return null;
  }
}

function waitMs(answer: Answer | null, attempt: number): number {
  const asked = Number(answer?.headers.get('retry-after'));
  return asked > 0 ? Math.min(asked, 60) * 1000 : 500 * 2 ** attempt;
}

function wordsOf({ json, text }: Answer): string {
  const message = (json as { message?: unknown } | undefined)?.message;
  return (typeof message === 'string' ? message : text).slice(0, 300);
}
