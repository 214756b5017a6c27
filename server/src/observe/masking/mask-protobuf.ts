// Masking inside OTLP's binary form: a walk along the messages that hold text, written again only where something changed.
import { type MaskString, maskAnyText } from './mask-json.ts';

/** What a field number holds: a text, bytes that may be text, or a message. Every other field is copied. */
interface Shape {
  [field: number]: 'text' | 'bytes' | (() => Shape);
}

const ANY: Shape = { 1: 'text', 5: () => ({ 1: () => ANY }), 6: () => ({ 1: () => KEY_VALUE }), 7: 'bytes' };
const KEY_VALUE: Shape = { 2: () => ANY };
const ATTRIBUTES = (): Shape => KEY_VALUE;
const RESOURCE: Shape = { 1: ATTRIBUTES };
const SCOPE: Shape = { 3: ATTRIBUTES };
const EVENT: Shape = { 2: 'text', 3: ATTRIBUTES };
const SPAN: Shape = { 5: 'text', 9: ATTRIBUTES, 11: () => EVENT, 13: () => ({ 4: ATTRIBUTES }), 15: () => ({ 2: 'text' }) };
const exportOf = (item: Shape): Shape => ({ 1: () => ({ 1: () => RESOURCE, 2: () => ({ 1: () => SCOPE, 2: () => item }) }) });

export const TRACES_SHAPE = exportOf(SPAN);
export const LOGS_SHAPE = exportOf({ 3: 'text', 5: () => ANY, 6: ATTRIBUTES, 12: 'text' });
const EXEMPLAR = (): Shape => ({ 7: ATTRIBUTES });
const NUMBERS = (): Shape => ({ 1: () => ({ 5: EXEMPLAR, 7: ATTRIBUTES }) });
export const METRICS_SHAPE = exportOf({
  2: 'text',
  5: NUMBERS,
  7: NUMBERS,
  9: () => ({ 1: () => ({ 8: EXEMPLAR, 9: ATTRIBUTES }) }),
  10: () => ({ 1: () => ({ 1: ATTRIBUTES, 11: EXEMPLAR }) }),
  11: () => ({ 1: () => ({ 7: ATTRIBUTES }) }),
});

const MAX_DEPTH = 100;

/** The message with masked texts. A message that cannot be walked to its end is returned as it is: nothing can read text from it either. */
export function maskProtobuf(message: Buffer, shape: Shape, mask: MaskString, depth = 0): Buffer {
  if (depth > MAX_DEPTH) return message;
  const pieces: Uint8Array[] = [];
  let copiedTo = 0;
  let at = 0;
  while (at < message.length) {
    const tag = varint(message, at);
    if (tag === null) return message;
    const [field, wire] = [Math.floor(tag.value / 8), tag.value % 8];
    const size = wire === 2 ? varint(message, tag.end) : null;
    const end = endOf(message, wire, tag.end, size);
    if (end === null) return message;
    const kind = shape[field];
    if (size !== null && kind !== undefined) {
      const value = message.subarray(size.end, end);
      const masked = maskValue(value, kind, mask, depth);
      if (masked !== value) {
        pieces.push(message.subarray(copiedTo, tag.end), encodedVarint(masked.length), masked);
        copiedTo = end;
      }
    }
    at = end;
  }
  return pieces.length === 0 ? message : Buffer.concat([...pieces, message.subarray(copiedTo)]);
}

function maskValue(value: Buffer, kind: Shape[number], mask: MaskString, depth: number): Buffer {
  if (typeof kind === 'function') return maskProtobuf(value, kind(), mask, depth + 1);
  const text = value.toString('utf8');
  // Bytes that are no text hold none.
  if (kind === 'bytes' && text.includes('\ufffd')) return value;
  const masked = maskAnyText(text, mask);
  return masked === text ? value : Buffer.from(masked);
}

function endOf(message: Buffer, wire: number, from: number, size: { value: number; end: number } | null): number | null {
  let end: number | null = null;
  if (wire === 0) end = varint(message, from)?.end ?? null;
  else if (wire === 1) end = from + 8;
  else if (wire === 5) end = from + 4;
  else if (size !== null) end = size.end + size.value;
  return end !== null && end <= message.length ? end : null;
}

/** Values beyond 2^53 lose digits, which matters to no length and no tag. */
function varint(message: Buffer, from: number): { value: number; end: number } | null {
  let value = 0;
  let factor = 1;
  for (let at = from; at < message.length && at < from + 10; at += 1) {
    const byte = message[at] as number;
    value += (byte & 127) * factor;
    if (byte < 128) return { value, end: at + 1 };
    factor *= 128;
  }
  return null;
}

function encodedVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return Buffer.from([...bytes, rest]);
}
