// The body that goes to a deployment: the client's bytes with the model's upstream name, the configured defaults and, for streams, the wish for usage spliced in.
import type { Call } from './call.ts';
import { withoutThinking } from './dialects/responses/reasoning.ts';
import type { NativeEdits } from './providers/provider.ts';
import { type Asked, fieldOf } from './request.ts';
import { withoutSealed } from './responses/turn.ts';
import { memberOf } from './scan.ts';
import { splice } from './splice.ts';
import type { Target } from './target.ts';

const INCLUDE_USAGE = Buffer.from('{"include_usage":true}');

/** The upstream's name for the model: wildcards take what the client's name had in that place. */
export function upstreamModel(call: Call, target: Target): string {
  const name = target.deployment.upstreamModel;
  return target.modelJson !== null ? name : name.replace('*', call.group?.captured ?? call.model);
}

/** Whether usage comes in the stream on the gateway's behalf, and must be taken out of the answer: it was asked for, or a translation tells it always. */
export function addsUsage(call: Call, target: Target): boolean {
  const { stream, wantsUsage } = call.asked as Asked;
  return stream && !wantsUsage && (target.upstream?.streamUsage === true || target.upstream?.native.has(call.endpoint) === false);
}

/** The bytes to send; the client's own buffer when nothing has to change. */
export function upstreamBody(call: Call, target: Target, model: string): Buffer {
  const asked = call.asked as Asked;
  // Google names the model in the path and nests its parameters.
  const replace = new Map<string, Buffer>(call.endpoint === 'generate-content' ? [] : [['model', target.modelJson ?? Buffer.from(JSON.stringify(model))]]);
  if (call.endpoint !== 'generate-content') for (const [key, value] of target.defaults) if (memberOf(asked.scanned, key) === undefined) replace.set(key, value);
  if ((call.endpoint === 'chat' || call.endpoint === 'completions') && addsUsage(call, target)) replace.set('stream_options', streamOptions(asked));
  if (call.turn !== null) openInput(call, asked, replace);
  const drop = withEdits(target.upstream?.nativeEdits?.(call.endpoint, call.request.headers), dropsOf(call, asked, target.drop, replace), replace);
  return splice(asked.scanned, { replace, drop, rename: target.upstream?.rename ?? NO_NAMES });
}

/** A conversation that was held elsewhere goes on without what is sealed to others. */
function openInput({ turn, pinnedTo, inner }: Call, asked: Asked, replace: Map<string, Buffer>): void {
  const input = inner === null ? null : withoutThinking(fieldOf(asked, 'input'));
  if (input !== null) replace.set('input', Buffer.from(JSON.stringify(input)));
  if (turn?.previousId != null && pinnedTo === null) replace.set('input', Buffer.from(JSON.stringify(withoutSealed(fieldOf(asked, 'input')))));
}

/** What a cloud wants changed in a native body: its own members are added, what to leave out is answered. */
export function withEdits(edits: NativeEdits | undefined, drop: ReadonlySet<string>, replace: Map<string, Buffer>): ReadonlySet<string> {
  if (edits === undefined) return drop;
  for (const [key, json] of edits.add) replace.set(key, Buffer.from(json));
  return new Set([...drop, ...edits.drop]);
}

function dropsOf(call: Call, asked: Asked, drop: ReadonlySet<string>, replace: Map<string, Buffer>): ReadonlySet<string> {
  if (call.endpoint === 'messages') return ownMetadata(asked, drop, replace);
  if (call.endpoint !== 'responses') return drop;
  // OpenAI keeps metadata of plain texts with the response; any other is for the gateway alone.
  const metadata = fieldOf(asked, 'metadata');
  const plain = typeof metadata === 'object' && metadata !== null && Object.values(metadata).every((value) => typeof value === 'string');
  return plain ? new Set([...drop].filter((key) => key !== 'metadata')) : drop;
}

/** Anthropic takes `metadata.user_id` and nothing beside it: the rest is for the gateway. */
function ownMetadata(asked: Asked, drop: ReadonlySet<string>, replace: Map<string, Buffer>): ReadonlySet<string> {
  const metadata = fieldOf(asked, 'metadata');
  const userId = typeof metadata === 'object' && metadata !== null ? (metadata as { user_id?: unknown }).user_id : undefined;
  if (userId === undefined) return drop;
  if (Object.keys(metadata as object).length > 1) replace.set('metadata', Buffer.from(JSON.stringify({ user_id: userId })));
  return new Set([...drop].filter((key) => key !== 'metadata'));
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** The client's stream_options with usage added; its other options stay. */
function streamOptions(asked: Asked): Buffer {
  const given = fieldOf(asked, 'stream_options');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return INCLUDE_USAGE;
  return Buffer.from(JSON.stringify({ ...given, include_usage: true }));
}
