// general_settings.pass_through_endpoints: paths of the gateway that stand for addresses of another server, with its credentials.
import { isRecord, type Section } from './section.ts';
import type { PassThroughEndpoint } from './settings.ts';

/** Paths that are the platform's own. */
const RESERVED =
  /^\/(?:v1\/(?:chat|completions|responses|embeddings|messages|models)|chat|completions|responses|embeddings|models|engines|key|user|team|organization|customer|end_user|budget|tag|model|model_group|spend|global|health|metrics|ui|api|project|config|credentials|cache|openapi\.json|public|v2\/team)(?:\/|$)/;
/** Where clouds keep the credentials of machines. */
const METADATA_HOSTS = /^(?:169\.254\.\d+\.\d+|\[?fd00:ec2::254\]?|metadata\.google\.internal|metadata\.goog|100\.100\.100\.200)\.?$/i;
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Faults are noted; what is faulty is left out. The first of a path decides. */
export function readPassThroughs(sections: readonly Section[]): PassThroughEndpoint[] {
  const endpoints = new Map<string, PassThroughEndpoint>();
  for (const section of sections) {
    for (const entry of section.sections('pass_through_endpoints')) {
      const endpoint = readEndpoint(entry);
      for (const key of entry.leftOver()) entry.warn(key, 'is not understood and has no effect');
      if (endpoint !== null && !endpoints.has(endpoint.path)) endpoints.set(endpoint.path, endpoint);
    }
  }
  return [...endpoints.values()];
}

function readEndpoint(entry: Section): PassThroughEndpoint | null {
  const path = readPath(entry);
  const target = readTarget(entry);
  const methods = entry.texts('methods').map((method) => method.toUpperCase());
  for (const method of methods) if (!METHODS.includes(method)) entry.fault('methods', `must be some of ${METHODS.join(', ')}`);
  const cost = entry.text('cost_per_request');
  if (cost !== null && !/^\d{1,9}(\.\d{1,12})?$/.test(cost)) entry.fault('cost_per_request', 'must be a decimal amount, for example 0.002');
  if (entry.boolean('auth') === false) entry.warn('auth', 'has no effect: every call needs a key here');
  const endpoint = {
    path: path ?? '',
    target: target ?? '',
    headers: readTexts(entry, 'headers'),
    query: readTexts(entry, 'default_query_params'),
    forwardHeaders: entry.boolean('forward_headers') ?? false,
    subpaths: entry.boolean('include_subpath') ?? false,
    methods: methods.length === 0 ? null : methods,
    costPerRequest: cost,
  };
  entry.ignore(['id', 'is_from_config']);
  if (entry.missing.length > 0) entry.fault('headers', `${entry.missing.join(', ')} is not set`);
  return path === null || target === null || entry.missing.length > 0 ? null : endpoint;
}

function readPath(entry: Section): string | null {
  const path = entry.text('path');
  if (path === null) entry.fault('path', 'is missing: where clients call it, for example /v1/rerank');
  else if (!/^\/[A-Za-z0-9._~/-]+$/.test(path) || /\/\.{0,2}(\/|$)/.test(path))
    entry.fault('path', 'must be a plain path that begins with "/" and does not end with it');
  else if (RESERVED.test(path)) entry.fault('path', 'is a path of the gateway itself: choose another one');
  else return path;
  return null;
}

function readTarget(entry: Section): string | null {
  const target = entry.text('target');
  const url = target !== null && URL.canParse(target) ? new URL(target) : null;
  if (target === null) entry.fault('target', 'is missing: the address that answers');
  else if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '')
    entry.fault('target', 'must be an http:// or https:// address without a user');
  else if (METADATA_HOSTS.test(url.hostname)) entry.fault('target', 'is where a cloud keeps the credentials of its machines: nothing is passed there');
  else return url.href;
  return null;
}

function readTexts(entry: Section, key: string): Record<string, string> {
  const value = entry.raw(key);
  if (value === undefined || value === null) return {};
  const texts: Record<string, string> = {};
  if (!isRecord(value)) entry.fault(key, 'must be a mapping of names to texts');
  else
    for (const [name, text] of Object.entries(value)) {
      const usable = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/.test(name) && ['string', 'number', 'boolean'].includes(typeof text) && !/[\r\n\0]/.test(String(text));
      if (usable) texts[key === 'headers' ? name.toLowerCase() : name] = String(text);
      else entry.fault([key, name], 'must be a name with text in one line');
    }
  return texts;
}
