// Tokens of a Databricks service principal (OAuth, client credentials): asked for once, kept until shortly before their end. Source: Databricks' public description of machine-to-machine OAuth.
import { AppError } from '#lib/errors.ts';
import { fieldsOf, textOf } from '#lib/json.ts';

const TIMEOUT_MS = 10_000;
const RENEWED_BEFORE_MS = 60_000;
const SHORTEST_LIFE_MS = 30_000;

/** @throws AppError (when a token is asked for) 401 without one. */
export function principalTokens(origin: string, client: { readonly id: string; readonly secret: string }): () => Promise<string> {
  let known: Promise<string> | null = null;
  let endsAtMs = 0;
  return async () => {
    if (known === null || Date.now() >= endsAtMs) {
      endsAtMs = Date.now() + SHORTEST_LIFE_MS;
      known = ask(origin, client).then(({ token, lifeMs }) => {
        endsAtMs = Date.now() + Math.max(SHORTEST_LIFE_MS, lifeMs - RENEWED_BEFORE_MS);
        return token;
      });
    }
    try {
      return await known;
    } catch (error) {
      known = null;
      const told = `Databricks gave no token: ${(error as Error).message.slice(0, 200)}. Check DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET.`;
      throw new AppError(told, { status: 401, code: 'auth_error', cause: error });
    }
  };
}

async function ask(origin: string, { id, secret }: { id: string; secret: string }): Promise<{ token: string; lifeMs: number }> {
  const answer = await fetch(`${origin}/oidc/v1/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`, 'content-type': 'application/x-www-form-urlencoded' },
    body: 'grant_type=client_credentials&scope=all-apis',
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const body = fieldsOf(await answer.json().catch(() => ({})));
  const token = textOf(body.access_token);
  if (!answer.ok || token === '') throw new Error(`it answered ${answer.status}`);
  return { token, lifeMs: (typeof body.expires_in === 'number' ? body.expires_in : 3600) * 1000 };
}
