// A bearer token that an authority gives for a time: asked for once, kept until shortly before its end, asked for again after a failure.
import { createHash } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import { fieldsOf, textOf } from '#lib/json.ts';

const TIMEOUT_MS = 10_000;
const RENEWED_BEFORE_MS = 60_000;
const SHORTEST_LIFE_MS = 30_000;
const DEFAULT_LIFE_SECONDS = 3600;

/** What is posted to the authority's token address (RFC 6749, 4.4). */
export interface TokenRequest {
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
}

/** Who gives tokens and which settings to look at when it gives none. */
export interface Authority {
  readonly name: string;
  readonly check: string;
}

/** Deployments of one application share its token, also after the configuration was read anew. Old ones go first. */
const KNOWN = new Map<string, () => Promise<string>>();
const MOST_KNOWN = 1_000;

/**
 * @param identity what the tokens belong to: address, application, secret, scope. Whoever names the same gets the same token.
 * @param request made anew each time, because what it proves itself with may change (a federated token in a file).
 * @throws AppError (when a token is asked for) 401 without one; the answer's own text is not told, it may repeat a secret.
 */
export function bearerTokens(identity: readonly string[], request: () => Promise<TokenRequest>, authority: Authority): () => Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  const tokens = KNOWN.get(key) ?? keptToken(request, authority);
  KNOWN.set(key, tokens);
  if (KNOWN.size > MOST_KNOWN) KNOWN.delete(KNOWN.keys().next().value as string);
  return tokens;
}

function keptToken(request: () => Promise<TokenRequest>, authority: Authority): () => Promise<string> {
  let known: Promise<string> | null = null;
  let endsAtMs = 0;
  return async () => {
    if (known === null || Date.now() >= endsAtMs) {
      endsAtMs = Date.now() + SHORTEST_LIFE_MS;
      known = request()
        .then(ask)
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

async function ask({ url, headers, form }: TokenRequest): Promise<{ token: string; lifeMs: number }> {
  const answer = await fetch(url, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams(form).toString(),
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = fieldsOf(await answer.json().catch(() => ({})));
  const token = textOf(body.access_token);
  if (!answer.ok || token === '') throw new Error(`it answered ${answer.status}${reasonOf(textOf(body.error))}`);
  const seconds = typeof body.expires_in === 'number' ? body.expires_in : DEFAULT_LIFE_SECONDS;
  return { token, lifeMs: seconds * 1000 };
}

/** The error's name (`invalid_client`) says what is wrong and nothing of the secret. */
function reasonOf(error: string): string {
  return /^[a-z_]{1,40}$/.test(error) ? ` (${error})` : '';
}
