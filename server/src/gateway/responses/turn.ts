// One call's part in a stored conversation: whose it is, what it goes on from, what it brings, and what of it is kept.
import type { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { withoutMcp } from '#gateway/dialects/responses/mcp-items.ts';
import { type Asked, fieldOf, readRequest } from '#gateway/request.ts';
import { callerKeepsContent } from '#gateway/settle.ts';
import { splice } from '#gateway/splice.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, fieldsOf, isFields, objectsOf, parsed, wordOf } from '#lib/json.ts';
import type { StoredResponse } from './port.ts';
import { tooLong } from './store.ts';

export interface Turn {
  readonly previousId: string | null;
  /** `input` as the client sent it, without the earlier turns. */
  readonly input: unknown;
  /** The client did not forbid it and there is a time for which it is kept. */
  readonly wanted: boolean;
  /** A bridged response may be kept here: its content may be, too. */
  readonly keepsContent: boolean;
}

/** Whom stored responses of this call belong to: the key's team, the key itself without one. */
export function ownerOf(call: Pick<Call, 'key' | 'keyId'>): string {
  if (call.key === null) return 'master';
  return call.key.teamId === null ? `key:${call.keyId}` : `team:${call.key.teamId}`;
}

/**
 * Makes a Responses call whole: the conversation that it goes on from stands in its body from here on, or the call is bound to the deployment whose upstream
 * keeps it.
 * @throws AppError 404 for a response that is not the caller's, 400 too long, 429 no room, 503 when the records are away.
 */
export async function openTurn(call: Call, deps: GatewayDeps, hold: (bytes: number) => boolean): Promise<void> {
  const asked = call.asked as Asked;
  const previousId = previousOf(asked);
  const { responsesRetentionMs, contentOff } = call.snapshot.config;
  call.turn = {
    previousId,
    input: previousId === null ? null : fieldOf(asked, 'input'),
    wanted: fieldOf(asked, 'store') !== false && responsesRetentionMs > 0,
    keepsContent: !contentOff && callerKeepsContent(call),
  };
  if (previousId === null) return;
  const maxBytes = deps.settings.limits.maxRequestBytes;
  const turns = await deps.responses.conversation(previousId, ownerOf(call), maxBytes);
  const last = turns?.at(-1);
  if (!turns || last === undefined) throw previousNotFound(previousId);
  if (last.content === null) {
    call.pinnedTo = last.deploymentId;
    return;
  }
  const held = heldSince(turns);
  if (held.items.length === 0) throw previousNotFound(previousId);
  call.pinnedTo = held.anchor?.deploymentId ?? null;
  const replace = new Map([['input', Buffer.from(JSON.stringify([...held.items, ...inputItems(call.turn.input)]))]]);
  if (held.anchor !== null) replace.set('previous_response_id', Buffer.from(JSON.stringify(held.anchor.id)));
  const body = splice(asked.scanned, { replace, drop: new Set(held.anchor === null ? ['previous_response_id'] : []), rename: new Map() });
  if (body.length > maxBytes) throw tooLong();
  if (!hold(Math.max(0, body.length - call.body.length)))
    throw new AppError('The gateway holds as many bytes as it may: try again in a moment.', { status: 429, code: 'rate_limit_error', retryAfterSeconds: 1 });
  // From here on the call is as if the client had sent the whole conversation: it is counted, reserved for, translated and written down like that.
  call.body = body;
  call.asked = readRequest(body, call.pathModel, call.endpoint);
}

function previousOf(asked: Asked): string | null {
  const id = fieldOf(asked, 'previous_response_id');
  if (id === undefined || id === null) return null;
  if (typeof id !== 'string' || !isResponseId(id)) throw previousNotFound(wordOf(id));
  return id;
}

/** What can be a response's id at all. */
export function isResponseId(id: string): boolean {
  return /^[\w-]{1,256}$/.test(id);
}

/** OpenAI's words. */
function previousNotFound(id: string): AppError {
  const message = `Previous response with id '${id.slice(0, 100)}' not found.`;
  return new AppError(message, { status: 404, code: 'invalid_request_error', param: 'previous_response_id' });
}

/** What the call has to bring: the turns since the last one that an upstream keeps, which the upstream goes on from. */
function heldSince(turns: readonly StoredResponse[]): { anchor: StoredResponse | null; items: Fields[] } {
  const at = turns.findLastIndex(({ content }) => content === null);
  const items = turns.slice(at + 1).flatMap(itemsOf);
  const anchor = turns[at] ?? null;
  return { anchor, items: anchor === null ? items : items.filter(({ type }) => type !== 'reasoning') };
}

/** A turn as input of the next one. Its ids mean nothing to another upstream. */
function itemsOf({ content }: StoredResponse): Fields[] {
  if (content === null) return [];
  const output = objectsOf(fieldsOf(parsed(content.response)).output);
  return [...objectsOf(parsed(content.input)), ...output].flatMap(withoutMcp).map(({ id: _, status: __, ...item }) => item);
}

/** `input` as items: a text is what the user says. */
export function inputItems(input: unknown): Fields[] {
  if (typeof input !== 'string') return objectsOf(input);
  return [{ type: 'message', role: 'user', content: [{ type: 'input_text', text: input }] }];
}

/** What an upstream with Responses of its own may see of a conversation that was held elsewhere: sealed reasoning of others is refused there. */
export function withoutSealed(input: unknown): unknown {
  return Array.isArray(input) ? input.filter((item) => !isFields(item) || item.type !== 'reasoning') : input;
}
