// Tokens of a Databricks service principal. Source: Databricks' public description of machine-to-machine OAuth.
import { type BearerTokens, bearerTokens } from '#gateway/providers/bearer-tokens.ts';

/** @throws AppError (when a token is asked for) 401 without one. */
export function principalTokens(origin: string, { id, secret }: { readonly id: string; readonly secret: string }): BearerTokens {
  const headers = { authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}` };
  const form = { grant_type: 'client_credentials', scope: 'all-apis' };
  return bearerTokens([origin, id, secret], async () => ({ url: `${origin}/oidc/v1/token`, headers, form }), {
    name: 'Databricks',
    check: 'DATABRICKS_CLIENT_ID and DATABRICKS_CLIENT_SECRET',
  });
}
