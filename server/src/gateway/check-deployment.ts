// GET /health: one smallest real call to a deployment, over connections of its own, so that a check never disturbs traffic.
import { randomBytes } from 'node:crypto';
import type { Dispatcher } from 'undici';
import type { Deployment, GatewayConfig, Settings } from '#settings/settings.ts';
import { redactText } from '#telemetry/redact.ts';
import type { DeploymentCheck } from './admin/deps.ts';
import { type SmallestCall, smallestMediaCall } from './media/smallest-call.ts';
import { readEmbeddings } from './providers/embeddings.ts';
import { readPictures } from './providers/pictures.ts';
import type { Endpoint, Upstream } from './providers/provider.ts';
import { readRerank } from './providers/rerank.ts';
import type { WireFacts } from './providers/wire.ts';
import { Snapshot } from './snapshot.ts';
import type { Target } from './target.ts';
import { askUpstream } from './upstream-request.ts';

const TIMEOUT_MS = 30_000;
const LONGEST_ERROR = 500;

/** Makes the check for a configuration's connection rules. Never rejects; errors are redacted. */
export function createDeploymentCheck(config: () => GatewayConfig, settings: Pick<Settings, 'network'>) {
  return async (deployment: Deployment, signal: AbortSignal): Promise<DeploymentCheck> => {
    const startedAt = performance.now();
    const finish = (error: string | null): DeploymentCheck => ({
      healthy: error === null,
      latencyMs: Math.round(performance.now() - startedAt),
      error: error === null ? null : redactText(error).slice(0, LONGEST_ERROR),
    });
    const snapshot = new Snapshot({ ...config(), deployments: [deployment] }, settings);
    try {
      const target = snapshot.groups.get(deployment.modelName)?.targets[0];
      if (target === undefined) return finish('the deployment is not in the configuration');
      if (target.problem !== null) return finish(target.problem.message);
      return finish(await callOnce(target, AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)])));
    } catch (error) {
      return finish((error as Error).message);
    } finally {
      await snapshot.retire();
    }
  };
}

/** Null when the upstream answered 2xx, else what it said. */
async function callOnce(target: Target, signal: AbortSignal): Promise<string | null> {
  const { upstream, dispatcher, deployment } = target;
  // A deployment that answers in this process has no upstream that could be unwell.
  if (upstream === null || dispatcher === null) return null;
  // A deployment of batches answers nothing else.
  if (deployment.mode === 'batch') return await listOnce(target, signal);
  if (deployment.mode === 'realtime') return await openOnce({ upstream, dispatcher, deployment }, signal);
  const { endpoint, path, bytes, contentType } = smallestCall(upstream, deployment);
  const signed = (await upstream.authorize?.({ path, body: bytes, stream: false })) ?? [];
  const answer = await dispatcher.request({
    origin: upstream.origin,
    path,
    method: 'POST',
    headers: [...withType(upstream.endpointHeaders?.[endpoint] ?? upstream.headers, contentType), ...signed],
    body: bytes,
    signal,
  });
  const text = await answer.body.text();
  return answer.statusCode >= 200 && answer.statusCode < 300 ? null : `HTTP ${answer.statusCode}: ${text}`;
}

/** Null when the upstream takes a session, which is let go at once: it costs nothing. */
async function openOnce(
  { upstream, dispatcher, deployment }: { upstream: Upstream; dispatcher: Dispatcher; deployment: Deployment },
  signal: AbortSignal,
): Promise<string | null> {
  const path = upstream.path('realtime-session', deployment.upstreamModel);
  const signed = (await upstream.authorize?.({ path, body: Buffer.alloc(0), stream: true })) ?? [];
  const handshake = ['sec-websocket-version', '13', 'sec-websocket-key', randomBytes(16).toString('base64')];
  try {
    const sending = { origin: upstream.origin, path, method: 'GET', protocol: 'websocket', headers: [...upstream.headers, ...signed, ...handshake], signal };
    const { socket } = (await dispatcher.upgrade(sending as Dispatcher.UpgradeOptions)) as Dispatcher.UpgradeData;
    socket.destroy();
    return null;
  } catch (error) {
    return `the upstream does not open a session: ${(error as Error).message}`;
  }
}

/** Null when the upstream lists its batches. */
async function listOnce(target: Target, signal: AbortSignal): Promise<string | null> {
  try {
    await askUpstream(target, { endpoint: 'batches', below: '', method: 'GET', query: new URLSearchParams({ limit: '1' }), signal });
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

interface Check {
  readonly endpoint: Endpoint;
  readonly path: string;
  readonly bytes: Buffer;
  readonly contentType: string;
}

function smallestCall(upstream: Upstream, deployment: Deployment): Check {
  const media = smallestMediaCall(deployment);
  if (media !== null) return mediaCheck(upstream, deployment, media);
  const { endpoint, path, body } = smallestTextCall(upstream, deployment);
  return { endpoint, path, bytes: Buffer.from(JSON.stringify(body)), contentType: 'application/json' };
}

/** In the upstream's own words, where it has some. */
function mediaCheck(upstream: Upstream, deployment: Deployment, media: SmallestCall): Check {
  const model = deployment.upstreamModel;
  const path = upstream.path(media.endpoint, model);
  if (media.endpoint !== 'image-generations' || upstream.pictures === undefined) return { ...media, path };
  const asked = readPictures(JSON.parse(media.bytes.toString('utf8')), { pictures: [], masked: false }, deployment.providerName, true);
  const [body] = upstream.pictures(asked, factsOf(deployment)).bodies;
  return { ...media, path, bytes: Buffer.from(JSON.stringify(body)) };
}

function factsOf(deployment: Deployment): WireFacts {
  return { deployment, model: deployment.upstreamModel, stream: false, dropParams: true, id: 'check', nowSeconds: 0 };
}

/** Forms say their boundary in their type. */
function withType(headers: readonly string[], contentType: string): string[] {
  const at = headers.indexOf('content-type');
  return contentType === 'application/json' || at < 0 ? [...headers] : headers.with(at + 1, contentType);
}

function smallestTextCall(upstream: Upstream, deployment: Deployment): { endpoint: Endpoint; path: string; body: object } {
  const model = deployment.upstreamModel;
  if (deployment.mode === 'moderation') return { endpoint: 'moderations', path: upstream.path('moderations', model), body: { model, input: 'ping' } };
  const facts = factsOf(deployment);
  if (deployment.mode === 'rerank') {
    const body = { model, query: 'ping', documents: ['pong'] };
    return { endpoint: 'rerank', path: upstream.path('rerank', model), body: upstream.rerank?.(readRerank(body), facts).body ?? body };
  }
  const onlyEmbeds = upstream.wire === undefined && !upstream.native.has('chat') && (upstream.native.has('embeddings') || upstream.embeddings !== undefined);
  if (deployment.mode === 'embedding' || onlyEmbeds) {
    const body = { model, input: 'ping' };
    return { endpoint: 'embeddings', path: upstream.path('embeddings', model), body: upstream.embeddings?.(readEmbeddings(body), facts).bodies[0] ?? body };
  }
  const question = { messages: [{ role: 'user', content: 'ping' }], max_tokens: 5 };
  const path = upstream.path('chat', model);
  if (upstream.native.has('chat') || upstream.wire === undefined) return { endpoint: 'chat', path, body: { model, ...question } };
  return { endpoint: 'chat', path, body: upstream.wire(question, facts).body };
}
