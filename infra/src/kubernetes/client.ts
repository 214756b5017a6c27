// The cluster's API over HTTPS: token and authority from EKS, no kubeconfig and no kubectl.
import { Agent, request } from 'node:https';
import type { KubernetesObject, ObjectReference } from '#k8s/object.ts';
import { runInPod } from './exec.ts';
import { type KindReference, KubernetesError, type KubernetesPort, type ServerObject } from './port.ts';

const FIELD_MANAGER = 'genai-platform';
const TIMEOUT_MS = 30_000;
const PAGE_SIZE = 250;

export interface ClusterDoor {
  endpoint: string;
  /** PEM. */
  certificateAuthority: string;
  /** Asked before every request; the adapter keeps it fresh. */
  token(): Promise<string>;
}

interface Answer {
  status: number;
  text: string;
}

interface ApiResource {
  name: string;
  kind: string;
  namespaced: boolean;
}

type Send = (method: string, path: string, body?: { type: string; text: string }) => Promise<Answer>;

/** A client of one cluster. It holds connections: close it. */
export function kubernetesClient(door: ClusterDoor): KubernetesPort {
  const agent = new Agent({ ca: door.certificateAuthority, keepAlive: true, maxSockets: 8 });
  const send: Send = async (method, path, body) => await exchange({ door, agent }, method, path, body);
  const pathOf = pathFinder(send);
  return {
    apply: async (object) => {
      const path = await pathOf(object, object.metadata);
      if (path === null) throw new KubernetesError('invalid', `the cluster does not know ${object.kind} of ${object.apiVersion}`);
      const query = `fieldManager=${FIELD_MANAGER}&force=true`;
      return parsed(await send('PATCH', `${path}?${query}`, { type: 'application/apply-patch+yaml', text: JSON.stringify(object) }), describe(object));
    },
    get: async (reference) => {
      const path = await pathOf(reference, reference);
      const answer = path === null ? null : await send('GET', path);
      return answer === null || answer.status === 404 ? null : parsed(answer, nameOf(reference));
    },
    list: async (kind, options = {}) => await listAll(send, await pathOf(kind, { namespace: options.namespace }), options.labelSelector, kind),
    remove: async (reference) => {
      const path = await pathOf(reference, reference);
      const answer = path === null ? null : await send('DELETE', path, { type: 'application/json', text: '{"propagationPolicy":"Background"}' });
      if (answer !== null && answer.status !== 404) refuse(answer, nameOf(reference));
    },
    patch: async (reference, patch) => {
      const path = await pathOf(reference, reference);
      const answer = path === null ? null : await send('PATCH', path, { type: 'application/merge-patch+json', text: JSON.stringify(patch) });
      if (answer !== null && answer.status !== 404) refuse(answer, nameOf(reference));
    },
    logs: async (pod, options) => {
      const query = new URLSearchParams({ tailLines: String(options.tailLines), ...(options.previous === true ? { previous: 'true' } : {}) });
      if (pod.container !== undefined) query.set('container', pod.container);
      const answer = await send('GET', `/api/v1/namespaces/${pod.namespace}/pods/${pod.name}/log?${query}`);
      // 400: the container has not started (or has not died) yet.
      return answer.status === 200 ? answer.text : answer.status === 400 || answer.status === 404 ? '' : refuse(answer, pod.name);
    },
    run: async (pod, command, streams) => await runInPod(door, pod, command, streams),
    isReachable: async () =>
      await send('GET', '/readyz').then(
        (answer) => answer.status < 500,
        (error: unknown) => reachableOr(error),
      ),
    close: async () => agent.destroy(),
  };
}

function reachableOr(error: unknown): boolean {
  if (error instanceof KubernetesError && error.code === 'unreachable') return false;
  throw error;
}

/** Finds the path of an object by asking the server which plural its kind has; a kind that it does not serve has none. */
function pathFinder(send: Send): (kind: KindReference, place: { name?: string; namespace?: string | undefined }) => Promise<string | null> {
  const known = new Map<string, ApiResource[]>();
  const resources = async (apiVersion: string): Promise<ApiResource[]> => {
    const cached = known.get(apiVersion);
    if (cached !== undefined) return cached;
    const answer = await send('GET', root(apiVersion));
    if (answer.status === 404) return [];
    const list = (JSON.parse(answer.status === 200 ? answer.text : refuse(answer, apiVersion)) as { resources?: ApiResource[] }).resources ?? [];
    known.set(apiVersion, list);
    return list;
  };
  return async (kind, place) => {
    const found = (await resources(kind.apiVersion)).find((resource) => resource.kind === kind.kind && !resource.name.includes('/'));
    if (found === undefined) return null;
    const namespace = found.namespaced && place.namespace !== undefined ? `/namespaces/${encodeURIComponent(place.namespace)}` : '';
    return `${root(kind.apiVersion)}${namespace}/${found.name}${place.name === undefined ? '' : `/${encodeURIComponent(place.name)}`}`;
  };
}

const root = (apiVersion: string): string => (apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);

async function listAll(send: Send, path: string | null, labelSelector: string | undefined, kind: KindReference): Promise<ServerObject[]> {
  const found: ServerObject[] = [];
  if (path === null) return found;
  let next: string | undefined;
  do {
    const query = new URLSearchParams({ limit: String(PAGE_SIZE) });
    if (labelSelector !== undefined) query.set('labelSelector', labelSelector);
    if (next !== undefined) query.set('continue', next);
    const answer = await send('GET', `${path}?${query}`);
    if (answer.status === 404) return found;
    const page = JSON.parse(answer.status === 200 ? answer.text : refuse(answer, kind.kind)) as { items?: ServerObject[]; metadata?: { continue?: string } };
    // Items of a list carry neither kind nor version.
    found.push(...(page.items ?? []).map((item) => ({ ...item, apiVersion: kind.apiVersion, kind: kind.kind })));
    next = page.metadata?.continue || undefined;
  } while (next !== undefined);
  return found;
}

async function exchange(
  { door, agent }: { door: ClusterDoor; agent: Agent },
  method: string,
  path: string,
  body?: { type: string; text: string },
): Promise<Answer> {
  const token = await door.token();
  return await new Promise((resolve, reject) => {
    const fail = (error: Error): void => reject(new KubernetesError('unreachable', `the cluster's API does not answer: ${error.message}`, { cause: error }));
    const headers = {
      authorization: `Bearer ${token}`,
      accept: 'application/json, */*',
      ...(body === undefined ? {} : { 'content-type': body.type, 'content-length': Buffer.byteLength(body.text) }),
    };
    const outgoing = request(new URL(path, door.endpoint), { method, agent, headers, timeout: TIMEOUT_MS }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }));
      response.on('error', fail);
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error(`no answer within ${TIMEOUT_MS / 1000} s`)));
    outgoing.on('error', fail);
    outgoing.end(body?.text);
  });
}

function parsed(answer: Answer, what: string): ServerObject {
  return JSON.parse(answer.status < 300 ? answer.text : refuse(answer, what)) as ServerObject;
}

const CODES: Readonly<Record<number, KubernetesError['code']>> = {
  401: 'unauthorized',
  403: 'denied',
  409: 'conflict',
  400: 'invalid',
  422: 'invalid',
  429: 'throttled',
};

/** @returns the text of a good answer. @throws KubernetesError with the server's own sentence */
function refuse(answer: Answer, what: string): string {
  if (answer.status < 300) return answer.text;
  throw new KubernetesError(
    CODES[answer.status] ?? (answer.status >= 500 ? 'unavailable' : 'other'),
    `${what}: HTTP ${answer.status} ${sentenceOf(answer.text)}`,
  );
}

function sentenceOf(text: string): string {
  try {
    const { message } = JSON.parse(text) as { message?: unknown };
    if (typeof message === 'string') return message;
  } catch {
    // Not a Status object: a proxy in between answered.
  }
  return text.replace(/\s+/g, ' ').slice(0, 200);
}

const describe = (object: KubernetesObject): string => `${object.kind}/${object.metadata.name}`;
const nameOf = (reference: ObjectReference): string => `${reference.kind}/${reference.name}`;
