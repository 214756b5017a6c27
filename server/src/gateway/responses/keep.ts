// Keeps the response of a call that ended well, so that a later call can go on from it. Done before the last byte leaves: whoever holds the id can use it.
import type { Call, Ending } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { fieldOf } from '#gateway/request.ts';
import { dataOf, lastFrame } from '#http/sse.ts';
import { type Fields, fieldsOf, parsed, textOf } from '#lib/json.ts';
import { inputItems, isResponseId, ownerOf } from './turn.ts';

/** A turn larger than this is not kept. */
export const LONGEST_TURN = 8 * 1024 * 1024;

/**
 * Starts to keep it; null when there is nothing to keep. Never rejects: a response that could not be kept is a response all the same, and the log says so.
 * @param native the upstream keeps the content itself.
 */
export function keepResponse(
  call: Call,
  deps: GatewayDeps,
  ending: Pick<Ending, 'outcome' | 'answerFormat' | 'answer'>,
  native: boolean,
): Promise<void> | null {
  const { turn } = call;
  if (turn === null || ending.outcome !== 'success' || !turn.wanted || (!native && !turn.keepsContent)) return null;
  const response = responseIn(ending);
  const id = textOf(response.id);
  if (!isResponseId(id) || response.store === false) return null;
  const content = native ? null : contentOf(call, response);
  if (content !== null && content.input.length + content.response.length > LONGEST_TURN) {
    deps.log.warn('a response is too large to be kept', { callId: call.id });
    return null;
  }
  const expiresAtMs = deps.clock.nowMs() + call.snapshot.config.responsesRetentionMs;
  const deploymentId = call.attempts.at(-1)?.deploymentId ?? '';
  return deps.responses.keep({ id, owner: ownerOf(call), previousId: turn.previousId, deploymentId, content, expiresAtMs }).catch((error: unknown) => {
    deps.log.error('a response could not be kept: nothing can go on from it', { callId: call.id, error });
  });
}

/**
 * Keeps a response that several model calls have made together. Never rejects, as above.
 * @param first the model call that the client's own input went to.
 */
export async function keepHeld(first: Call, deps: GatewayDeps, response: Fields, deploymentId: string): Promise<void> {
  const content = contentOf(first, response);
  if (content.input.length + content.response.length > LONGEST_TURN) {
    deps.log.warn('a response is too large to be kept', { callId: first.id });
    return;
  }
  const expiresAtMs = deps.clock.nowMs() + first.snapshot.config.responsesRetentionMs;
  const turn = { id: textOf(response.id), owner: ownerOf(first), previousId: first.turn?.previousId ?? null, deploymentId, content, expiresAtMs };
  await deps.responses.keep(turn).catch((error: unknown) => {
    deps.log.error('a response could not be kept: nothing can go on from it', { callId: first.id, error });
  });
}

/** The whole response stands in a whole answer, or in the last event of a stream. */
function responseIn({ answerFormat, answer }: Pick<Ending, 'answerFormat' | 'answer'>): Fields {
  const bytes = Buffer.concat(answer);
  if (answerFormat === 'json') return fieldsOf(parsed(bytes.toString('utf8')));
  const last = dataOf(lastFrame(bytes).toString('utf8'));
  return last === null ? {} : fieldsOf(fieldsOf(parsed(last)).response);
}

function contentOf(call: Call, response: Fields): { input: string; response: string } {
  const asked = call.turn?.previousId == null && call.asked !== null ? fieldOf(call.asked, 'input') : call.turn?.input;
  const input = inputItems(asked).map((item, index) => ({ id: `msg_in_${call.id}_${index}`, ...item }));
  return { input: JSON.stringify(input), response: JSON.stringify(response) };
}
