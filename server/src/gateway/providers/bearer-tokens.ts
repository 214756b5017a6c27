// A bearer token that an authority gives for a time: asked for once, kept until shortly before its end, asked for again after a failure.
import { createHash } from 'node:crypto';
import { getGlobalDispatcher } from 'undici';
import type { Reach } from '#gateway/providers/provider.ts';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, textOf } from '#lib/json.ts';

const TIMEOUT_MS = 10_000;
const RENEWED_BEFORE_MS = 60_000;
const SHORTEST_LIFE_MS = 30_000;
const DEFAULT_LIFE_SECONDS = 3600;

/** What is posted to the authority's token address (RFC 6749, 4.4), or how the machine's own service is asked. */
export interface TokenRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Absent = a GET, straight out: the machine's own service is behind no proxy. */
  readonly form?: Readonly<Record<string, string>>;
}

/** @param reach how the caller's deployment reaches the authority; absent = straight out. */
export type BearerTokens = (reach?: Reach) => Promise<string>;

/** Who gives tokens and which settings to look at when it gives none. */
export interface Authority {
  readonly name: string;
  readonly check: string;
}

/** Deployments of one application share its token, also after the configuration was read anew. Old ones go first. */
const KNOWN = new Map<string, BearerTokens>();
const MOST_KNOWN = 1_000;

/**
 * @param identity what the tokens belong to: address, application, secret, scope. Whoever names the same gets the same token.
 * @param request made anew each time, because what it proves itself with may change (a federated token in a file).
 * @throws AppError (when a token is asked for) 401 without one; the answer's own text is not told, it may repeat a secret.
 */
export function bearerTokens(identity: readonly string[], request: () => Promise<TokenRequest>, authority: Authority): BearerTokens {
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const tokens = KNOWN.get(key) ?? keptToken(request, authority);
  KNOWN.set(key, tokens);
  if (KNOWN.size > MOST_KNOWN) KNOWN.delete(KNOWN.keys().next().value as string);
  return tokens;
}

function keptToken(request: () => Promise<TokenRequest>, authority: Authority): BearerTokens {
  let known: Promise<string> | null = null;
  let endsAtMs = 0;
  return async (reach) => {
    if (known === null || Date.now() >= endsAtMs) {
      endsAtMs = Date.now() + SHORTEST_LIFE_MS;
      known = request()
        .then((asked) => ask(asked, reach))
        .then(({ token, lifeMs }) => {
          endsAtMs = Date.now() + Math.max(SHORTEST_LIFE_MS, lifeMs - RENEWED_BEFORE_MS);
          return token;
        });
    }
    try {
      return await known;
    } catch (error) {
      known = null;
      const told = `${authority.name} gave no token: ${(error as Error).message.slice(0, 200)}. Check ${authority.check}.`;
      throw new AppError(told, { status: 401, code: 'auth_error', cause: error });
    }
  };
}

async function ask({ url, headers, form }: TokenRequest, reach: Reach | undefined): Promise<{ token: string; lifeMs: number }> {
  const { origin, pathname, search } = new URL(url);
  const dispatcher = form === undefined || reach === undefined ? getGlobalDispatcher() : reach(origin);
  const posted = form === undefined ? null : new URLSearchParams(form).toString();
  const answer = await dispatcher.request({
    origin,
    path: pathname + search,
    method: posted === null ? 'GET' : 'POST',
    headers: { ...headers, ...(posted === null ? {} : { 'content-type': 'application/x-www-form-urlencoded' }) },
    body: posted,
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = fieldsOf(await answer.body.json().catch(() => ({})));
  const token = textOf(body.access_token);
  if (answer.statusCode !== 200 || token === '') throw new Error(`it answered ${answer.statusCode}${reasonOf(textOf(body.error))}`);
  return { token, lifeMs: lifeSecondsOf(body) * 1000 };
}

/** Seconds that are left, or the instant of the end; the services of machines write both as text. */
function lifeSecondsOf({ expires_in: left, expires_on: end }: Readonly<Record<string, unknown>>): number {
  const seconds = Number(left ?? Number(end) - Date.now() / 1000);
  return Number.isFinite(seconds) ? seconds : DEFAULT_LIFE_SECONDS;
}

/** The error's name (`invalid_client`) says what is wrong and nothing of the secret. */
function reasonOf(error: string): string {
  return /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : '';
}
