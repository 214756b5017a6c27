// The body that goes to a deployment: the client's bytes with the model's upstream name, the configured defaults and, for streams, the wish for usage spliced in.
import type { Call } from './call.ts';
import { type Asked, fieldOf } from './request.ts';
import { memberOf } from './scan.ts';
import { splice } from './splice.ts';
import type { Target } from './target.ts';

const INCLUDE_USAGE = Buffer.from('{"include_usage":true}');

/** The upstream's name for the model: wildcards take what the client's name had in that place. */
export function upstreamModel(call: Call, target: Target): string {
  const name = target.deployment.upstreamModel;
  return target.modelJson !== null ? name : name.replace('*', call.group?.captured ?? call.model);
}

/** Whether the gateway asks for usage on the client's behalf, and must then take the frame out of the answer. */
export function asksForUsage(asked: Asked, target: Target): boolean {
  return asked.stream && !asked.wantsUsage && target.upstream?.streamUsage === true;
}

/** The bytes to send; the client's own buffer when nothing has to change. */
export function upstreamBody(call: Call, target: Target, model: string): Buffer {
  const asked = call.asked as Asked;
  const replace = new Map<string, Buffer>([['model', target.modelJson ?? Buffer.from(JSON.stringify(model))]]);
  for (const [key, value] of target.defaults) if (memberOf(asked.scanned, key) === undefined) replace.set(key, value);
  if (asksForUsage(asked, target)) replace.set('stream_options', streamOptions(asked));
  return splice(asked.scanned, { replace, drop: target.drop, rename: target.upstream?.rename ?? NO_NAMES });
}

const NO_NAMES: ReadonlyMap<string, string> = new Map();

/** The client's stream_options with usage added; its other options stay. */
function streamOptions(asked: Asked): Buffer {
  const given = fieldOf(asked, 'stream_options');
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return INCLUDE_USAGE;
  return Buffer.from(JSON.stringify({ ...given, include_usage: true }));
}
