// Azure OpenAI: the deployments API (deployment in the path, api-version in the query) and the v1 API (OpenAI's paths), with an api-key or Entra ID's tokens.
import {
  AUDIO,
  endpointPath,
  headerList,
  IMAGES,
  incomplete,
  OPENAI_NATIVE,
  realtimePath,
  reasoningEdits,
  WITH_RESPONSES,
} from '#gateway/providers/openai/openai.ts';
import { openAiWire } from '#gateway/providers/openai/wire.ts';
import type { Provider, Reach, Upstream } from '#gateway/providers/provider.ts';
import { parseBase } from '#gateway/providers/provider.ts';
import { AppError } from '#lib/errors.ts';
import type { Deployment } from '#settings/settings.ts';
import { azureCredentials } from './entra.ts';

/** The newest generally available data-plane version; used when the configuration names none. */
const DEFAULT_API_VERSION = '2024-10-21';

/** Azure OpenAI. */
export const azure: Provider = {
  errorLabel: () => 'AzureException',
  upstream: azureUpstream,
};

function azureUpstream(deployment: Deployment, dropParams: boolean, reach?: Reach): Upstream {
  const base = parseBase(deployment.apiBase ?? '');
  if (base === null) throw incomplete(deployment, 'needs litellm_params.api_base (https://<resource>.openai.azure.com): set AZURE_API_BASE', 500);
  const { headers, more } = azureCredentials(deployment, { keyHeader: 'api-key', keyVariable: 'AZURE_API_KEY', reach });
  const version = deployment.apiVersion ?? base.search.get('api-version') ?? DEFAULT_API_VERSION;
  return {
    origin: base.origin,
    apiBase: base.origin + base.path,
    native: new Set([...(hasResponses(base.path, version) ? WITH_RESPONSES : OPENAI_NATIVE), ...AUDIO, ...IMAGES, 'realtime-session']),
    path: withRealtime(pathBuilder(base.path, version), base.path, version),
    batchPath: batchPathBuilder(base.path, version),
    headers: headerList(deployment, headers),
    ...reasoningEdits(deployment.baseModel ?? deployment.upstreamModel, dropParams),
    streamUsage: true,
    wire: openAiWire(true),
    ...more,
  };
}

/** Files and batches belong to the resource, not to one of its deployments. */
function batchPathBuilder(basePath: string, version: string): (what: 'files' | 'batches') => string {
  if (isV1(basePath, version)) return (what) => v1Prefix(basePath) + endpointPath(what) + v1Query(version);
  return (what) => `${resourceOf(basePath)}${endpointPath(what)}?api-version=${encodeURIComponent(version)}`;
}

const resourceOf = (basePath: string): string => `${basePath.replace(/\/openai(\/.*)?$/, '')}/openai`;
const v1Prefix = (basePath: string): string => (basePath.endsWith('/openai/v1') ? basePath : `${basePath.replace(/\/openai$/, '')}/openai/v1`);
const v1Query = (version: string): string => (version === 'preview' || version === 'latest' ? '?api-version=preview' : '');

/** `v1`, `latest` and `preview` mean the v1 API (LiteLLM's rule); a base that already names /openai/v1 or a deployment is used as it stands. */
function pathBuilder(basePath: string, version: string): Upstream['path'] {
  if (isV1(basePath, version)) {
    const [prefix, query] = [v1Prefix(basePath), v1Query(version)];
    return (endpoint) => prefix + endpointPath(endpoint) + query;
  }
  const query = `?api-version=${encodeURIComponent(version)}`;
  const responses = `${resourceOf(basePath)}/responses${query}`;
  const fixed = /^.*\/openai\/deployments\/[^/]+/.exec(basePath)?.[0];
  if (fixed !== undefined) return (endpoint) => (endpoint === 'responses' ? responses : fixed + endpointPath(endpoint) + query);
  const prefix = `${basePath.replace(/\/openai$/, '')}/openai/deployments/`;
  return (endpoint, upstreamModel) => (endpoint === 'responses' ? responses : prefix + pathSegment(upstreamModel) + endpointPath(endpoint) + query);
}

/** Sessions in the beta protocol stand behind dated previews alone; every other version means those of the v1 API. */
function withRealtime(path: Upstream['path'], basePath: string, version: string): Upstream['path'] {
  const isBeta = /^\d.*-preview$/.test(version) && !isV1(basePath, version);
  return (endpoint, model, stream) => {
    if (endpoint !== 'realtime-session') return path(endpoint, model, stream);
    if (!isBeta) return realtimePath(`${resourceOf(basePath)}/v1`, model);
    return `${resourceOf(basePath)}/realtime?${new URLSearchParams({ 'api-version': version, deployment: model })}`;
  };
}

/** The first dated version with Responses; the v1 API always has them. */
const FIRST_WITH_RESPONSES = '2025-03-01';

function hasResponses(basePath: string, version: string): boolean {
  return isV1(basePath, version) || (/^\d/.test(version) && version >= FIRST_WITH_RESPONSES);
}

function isV1(basePath: string, version: string): boolean {
  return version === 'v1' || version === 'latest' || version === 'preview' || basePath.endsWith('/openai/v1');
}

/** A deployment name as one path segment; a name that could climb the path is refused. */
function pathSegment(name: string): string {
  if (name === '' || name === '.' || name === '..') {
    throw new AppError('The model name cannot be used as an Azure deployment name.', { status: 400, code: 'bad_request_error', param: 'model' });
  }
  return encodeURIComponent(name);
}
