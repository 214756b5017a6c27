// Answers a call with what was kept: the same bytes, at no cost, as a row that says so.
import { type AttemptRecord, CACHE_PRICE } from '#call-record.ts';
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { answerHeaders } from '#gateway/headers.ts';
import { notRecorded } from '#gateway/relay.ts';
import { sendFailure, sendWhole } from '#gateway/reply.ts';
import { release, settle } from '#gateway/settle.ts';
import type { Target } from '#gateway/target.ts';
import type { Entry } from './entry.ts';

/** Settles and sends; resolves when nothing is left to do. */
export function replay(call: Call, deps: GatewayDeps, { head, answer }: Entry): Promise<void> {
  // Nothing was taken from a budget, and no token of an upstream was used.
  release(call, deps);
  const { key = '', similarity } = call.caching ?? {};
  const nowUs = deps.clock.nowUs();
  call.usage = head.usage;
  call.costPicos = 0n;
  call.firstTokenAtUs = head.format === 'sse' ? nowUs : null;
  call.attempts.push({
    ...attemptOf(head, key, nowUs),
    ...(similarity === undefined ? {} : { choice: { by: `semantic cache, similarity ${shown(similarity)}`, passedOver: [], others: 0 } }),
  });
  const ending = { outcome: 'success', httpStatus: 200, errorClass: null, errorMessage: null, answerFormat: head.format, answer: [answer] } as const;
  return new Promise((resolve) => {
    settle(call, deps, ending, (error) => {
      if (error !== null) sendFailure(call, deps, notRecorded());
      else sendWhole(call.response, 200, headersOf(call, deps, { head, answer }, key), answer);
      resolve();
    });
  });
}

const shown = (similarity: number): string => similarity.toFixed(4);

function attemptOf({ deploymentId, provider, upstreamModel, usage }: Entry['head'], key: string, nowUs: number): AttemptRecord {
  const nothing = { apiBase: null, errorClass: null, errorMessage: null, usageEstimated: false };
  const at = { index: 0, startedAtUs: nowUs, endedAtUs: nowUs, outcome: 'success', httpStatus: 200 } as const;
  return { ...at, ...nothing, deploymentId, provider, upstreamModel, usage, cost: '0', currency: 'USD', priceId: `${CACHE_PRICE}${key}` };
}

function headersOf(call: Call, deps: GatewayDeps, { head }: Entry, key: string): string[] {
  const targets: readonly Target[] = call.group?.targets ?? [];
  const target = targets.find(({ deployment }) => deployment.id === head.deploymentId) ?? targets[0];
  const headers = ['content-type', head.contentType, 'x-litellm-cache-key', key];
  if (call.caching?.similarity !== undefined) headers.push('x-litellm-semantic-similarity', shown(call.caching.similarity));
  if (head.format === 'sse') headers.push('cache-control', 'no-cache', 'x-accel-buffering', 'no');
  if (target !== undefined) headers.push(...answerHeaders(call, { target, headers: {} }, deps));
  return headers;
}
