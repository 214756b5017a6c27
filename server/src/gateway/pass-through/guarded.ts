// Guards and what is passed through: JSON is looked at, on the way there and, when it is whole, on the way back. Of the rest is said what becomes of it: it passes, or it is refused.
import type { Call } from '#gateway/call.ts';
import { AppError } from '#lib/errors.ts';

/** Whether a call with bodies that its guards cannot read is refused (genai_settings.unread_pass_through). */
export const refusesUnread = ({ snapshot }: Call): boolean => snapshot.config.unreadPassThrough === 'refuse';

/**
 * Finds the call's guards, and lets those that decide here look at its request. `call.body` is then what goes on, where it is JSON.
 * @throws AppError 400 when one refuses, and for what none of them can read where that is refused.
 */
export async function guardPassed(call: Call, { isJson, bytes }: { isJson: boolean; bytes: number }): Promise<void> {
  const guards = call.snapshot.guards?.of(call) ?? null;
  call.guards = guards;
  if (guards === null || bytes === 0) {
    call.withheld = false;
  } else if (isJson) {
    refuseBroken(call.body);
    await guards.request(true);
  } else {
    if (refusesUnread(call) && (guards.has('pre_call') || guards.has('during_call'))) throw unread('a body that is no application/json');
    call.withheld = false;
  }
  if (guards?.has('post_call') && refusesUnread(call) && (call.pathStreams || call.asked?.stream === true)) throw unread('a streamed answer');
}

/** Those that ask somebody look at the request before it is sent, also those that elsewhere look beside the provider's work. @throws AppError 400. */
export async function guardFurther({ guards }: Call, isJson: boolean): Promise<void> {
  if (guards === null || !isJson) return;
  await guards.request(false);
  if (guards.has('during_call')) await guards.during();
}

/** What nobody here can read a lenient provider might. */
function refuseBroken(body: Buffer): void {
  let parsed: unknown = null;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    // Refused below.
  }
  if (typeof parsed === 'object' && parsed !== null) return;
  throw new AppError('The body is no JSON object or list, so the guardrails of this call cannot look at it.', { status: 400, code: 'bad_request_error' });
}

export function unread(what: string): AppError {
  const message = `The guardrails of this call cannot look at ${what}, and this gateway passes nothing through that they cannot look at (genai_settings.unread_pass_through).`;
  return new AppError(message, { status: 400, code: 'guardrail_unread' });
}
