// Who calls Azure: an api-key, a token that was brought, an application of Microsoft Entra ID that asks for tokens itself (with its secret, or with the token of a federated workload),
// or the machine's managed identity. Source: Microsoft's public descriptions of the OAuth 2.0 client credentials flow and of managed identities; names of settings and variables are
// LiteLLM's and Azure's SDKs'.
import { readFile } from 'node:fs/promises';
import { type BearerTokens, bearerTokens } from '#gateway/providers/bearer-tokens.ts';
import { incomplete } from '#gateway/providers/openai/openai.ts';
import type { Reach, Upstream } from '#gateway/providers/provider.ts';
import type { Deployment } from '#settings/settings.ts';

const PUBLIC_AUTHORITY = 'https://login.microsoftonline.com';
const DEFAULT_SCOPE = 'https://cognitiveservices.azure.com/.default';
const MACHINE_SERVICE = 'http://169.254.169.254';
const MANAGED = 'ManagedIdentityCredential';
const ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';

export interface AzureCredentials {
  /** Flat header list; empty where each call asks for its token. */
  readonly headers: readonly string[];
  readonly more: Pick<Upstream, 'authorize'>;
}

export interface AzureCalling {
  /** How a key is sent: `authorization` as a bearer, else as it is. */
  readonly keyHeader: 'api-key' | 'x-api-key' | 'authorization';
  readonly keyVariable: string;
  readonly reach: Reach | undefined;
}

/**
 * The credentials of a deployment; a token that was brought goes before a key, a key before an application, an application before the machine's identity.
 * @throws AppError 401 where nothing is configured.
 */
export function azureCredentials(deployment: Deployment, { keyHeader, keyVariable, reach }: AzureCalling): AzureCredentials {
  const { apiKey, azureAdToken } = deployment;
  if (azureAdToken) return { headers: ['authorization', `Bearer ${azureAdToken}`], more: {} };
  if (apiKey) return { headers: [keyHeader, keyHeader === 'authorization' ? `Bearer ${apiKey}` : apiKey], more: {} };
  const cloud = deployment.cloud ?? {};
  const tokens = applicationTokens(cloud) ?? machineTokens(cloud);
  if (tokens === null) {
    const needs = 'has neither api_key, azure_ad_token nor tenant_id, client_id and client_secret';
    throw incomplete(deployment, `${needs}: set ${keyVariable}, or AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET`, 401);
  }
  return { headers: [], more: { authorize: async () => ['authorization', `Bearer ${await tokens(reach)}`] } };
}

function applicationTokens(cloud: Readonly<Record<string, string>>): BearerTokens | null {
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

/** The service of a virtual machine, or of App Service and Container Apps where these variables are set. */
function machineTokens(cloud: Readonly<Record<string, string>>): BearerTokens | null {
  const { azure_credential: kind, client_id: client, identity_endpoint: endpoint, identity_header: header } = cloud;
  if (kind !== MANAGED) return null;
  const service = endpoint !== undefined && header !== undefined ? { url: endpoint, version: '2019-08-01', headers: { 'x-identity-header': header } } : null;
  const machine = {
    url: `${cloud.azure_pod_identity_authority_host ?? MACHINE_SERVICE}/metadata/identity/oauth2/token`,
    version: '2018-02-01',
    headers: { metadata: 'true' },
  };
  const { url: address, version, headers } = service ?? machine;
  if (!URL.canParse(address)) return null;
  const url = new URL(address);
  const resource = (cloud.azure_scope ?? DEFAULT_SCOPE).replace(/\/\.default$/, '');
  const asked = { 'api-version': version, resource, ...(client === undefined ? {} : { client_id: client }) };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return bearerTokens([url.href, header ?? ''], async () => ({ url: url.href, headers }), {
    name: 'the managed identity of this machine',
    check: 'that it has one (AZURE_CLIENT_ID names one of several), and its role at the resource',
  });
}
