// How a gateway call and an SDK's report of the same call recognise each other, so that its cost counts once (the gateway's).
import { isObject } from './text.ts';

const CALL_ID = /^[0-9a-f]{8}-?[0-9a-f]{4}-?7[0-9a-f]{3}-?[89ab][0-9a-f]{3}-?[0-9a-f]{12}$/i;
/** LiteLLM's langfuse callback names a generation "time-HH-MM-SS-micros_<id of the answer>". */
const LITELLM_GENERATION = /^time-\d{2}-\d{2}-\d{2}-\d+_(.{4,200})$/;

/** The claim of our own call id, dashed or not; null when the text is no UUIDv7. */
export function callClaim(text: unknown): string | null {
  return typeof text === 'string' && CALL_ID.test(text) ? `call:${text.replaceAll('-', '').toLowerCase()}` : null;
}

/** The claim of an answer's id ("chatcmpl-..."). */
export function answerClaim(id: unknown): string | null {
  return typeof id === 'string' && id.length >= 4 && id.length <= 200 ? `answer:${id}` : null;
}

/** Claims of an observation that a client reported: from its id, and from LiteLLM's record of our answer headers. */
export function claimsOfReported(id: string, metadata: unknown): string[] {
  const claims: string[] = [];
  const own = callClaim(id);
  if (own !== null) claims.push(own);
  const litellm = LITELLM_GENERATION.exec(id);
  if (litellm) {
    const answer = callClaim(litellm[1]) ?? answerClaim(litellm[1]);
    if (answer !== null) claims.push(answer);
  }
  const hidden = isObject(metadata) ? metadata.hidden_params : undefined;
  const headers = isObject(hidden) ? hidden.additional_headers : undefined;
  const call = isObject(headers) ? callClaim(headers['llm_provider-x-litellm-call-id'] ?? headers['x-litellm-call-id']) : null;
  if (call !== null) claims.push(call);
  return claims;
}
