// A form on its way to an upstream: the client's own parts with the model's upstream name, the configured defaults and what guards changed.
import type { Call } from '#gateway/call.ts';
import { type Asked, fieldOf } from '#gateway/request.ts';
import type { Target } from '#gateway/target.ts';
import { type Form, formPieces } from './form.ts';

export interface FormSending {
  readonly headers: string[];
  /** The body, piece by piece: the file is the client's own bytes. */
  readonly pieces: readonly Buffer[];
}

/** What is sent for a form; the pieces can be sent again. */
export function formExchange(call: Call, form: Form, target: Target, { model, headers }: { model: string; headers: readonly string[] }): FormSending {
  const asked = call.asked as Asked;
  const set = new Map<string, string>([['model', model]]);
  const present = new Set(form.scanned.parts.map(({ name }) => name));
  for (const [name, json] of target.defaults) if (!present.has(name)) set.set(name, plain(json));
  const pieces = formPieces(form, { set, drop: target.drop, now: (name) => fieldOf(asked, name) });
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const own = ['content-type', `multipart/form-data; boundary=${quoted(form.scanned.boundary)}`, 'content-length', String(length)];
  const kept: string[] = [];
  for (let index = 0; index < headers.length; index += 2)
    if (headers[index] !== 'content-type') kept.push(headers[index] as string, headers[index + 1] as string);
  return { headers: [...kept, ...own], pieces };
}

/** A JSON text as itself, anything else as JSON. */
function plain(json: Buffer): string {
  const value: unknown = JSON.parse(json.toString('utf8'));
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function quoted(boundary: string): string {
  return /^[\w'()+,./:=?-]+$/.test(boundary) && !/[(),/:=?]/.test(boundary) ? boundary : `"${boundary}"`;
}
