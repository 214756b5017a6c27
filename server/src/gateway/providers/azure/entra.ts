// Who calls Azure: an api-key, a token that was brought, or an application of Microsoft Entra ID that asks for tokens itself (with its secret, or with the token of a federated workload).
// Source: Microsoft's public description of the OAuth 2.0 client credentials flow; names of settings and variables are LiteLLM's and Azure's SDKs'.
import { readFile } from 'node:fs/promises';
import { bearerTokens } from '#gateway/providers/bearer-tokens.ts';
import { incomplete } from '#gateway/providers/openai/openai.ts';
import type { Upstream } from '#gateway/providers/provider.ts';
import type { Deployment } from '#settings/settings.ts';

const PUBLIC_AUTHORITY = 'https://login.microsoftonline.com';
const DEFAULT_SCOPE = 'https://cognitiveservices.azure.com/.default';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface AzureCredentials {
  /** Flat header list; empty where each call asks for its token. */
  readonly headers: readonly string[];
  readonly more: Pick<Upstream, 'authorize'>;
}

/**
 * The credentials of a deployment; a token that was brought goes before a key, a key before an application.
 * @param keyHeader how a key is sent: `authorization` as a bearer, else as it is.
 * @throws AppError 401 where nothing is configured.
 */
export function azureCredentials(deployment: Deployment, keyHeader: 'api-key' | 'x-api-key' | 'authorization', keyVariable: string): AzureCredentials {
  const { apiKey, azureAdToken } = deployment;
  if (azureAdToken) return { headers: ['authorization', `Bearer ${azureAdToken}`], more: {} };
  if (apiKey) return { headers: [keyHeader, keyHeader === 'authorization' ? `Bearer ${apiKey}` : apiKey], more: {} };
  const tokens = entraTokens(deployment.cloud ?? {});
  if (tokens === null) {
    const needs = 'has neither api_key, azure_ad_token nor tenant_id, client_id and client_secret';
    throw incomplete(deployment, `${needs}: set ${keyVariable}, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET`, 401);
  }
  return { headers: [], more: { authorize: async () => ['authorization', `Bearer ${await tokens()}`] } };
}

function entraTokens(cloud: Readonly<Record<string, string>>): (() => Promise<string>) | null {
  const { tenant_id: tenant, client_id: client, client_secret: secret, azure_federated_token_file: file } = cloud;
  if (tenant === undefined || client === undefined || (secret === undefined && file === undefined)) return null;
  const authority = (cloud.azure_authority_host ?? PUBLIC_AUTHORITY).replace(/\/+$/, '');
  const url = `${authority}/${encodeURIComponent(tenant)}/oauth2/v2.0/token`;
  const form = { grant_type: 'client_credentials', client_id: client, scope: cloud.azure_scope ?? DEFAULT_SCOPE };
  // The file's token is replaced while this process runs.
  const proof = async () =>
    secret !== undefined ? { client_secret: secret } : { client_assertion_type: ASSERTION, client_assertion: (await readFile(file as string, 'utf8')).trim() };
  return bearerTokens(
    [url, client, form.scope, secret ?? '', secret === undefined ? (file as string) : ''],
    async () => ({ url, form: { ...form, ...(await proof()) } }),
    {
      name: 'Microsoft Entra ID',
      check: `tenant_id, client_id and ${secret === undefined ? 'AZURE_FEDERATED_TOKEN_FILE' : 'client_secret'}`,
    },
  );
}
