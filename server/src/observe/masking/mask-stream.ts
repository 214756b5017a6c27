// Masking an answer that came as server-sent events: a number may be cut anywhere between two chunks, so texts of one place are masked as one.
import { type IsStructural, maskJson } from './mask-json.ts';

/** Members that hold no content of a person. */
const STRUCTURAL = new Set([
  'id',
  'object',
  'model',
  'type',
  'role',
  'finish_reason',
  'stop_reason',
  'system_fingerprint',
  'created',
  'event',
  'item_id',
  'service_tier',
]);
export const isStructuralOfCalls: IsStructural = (name) => STRUCTURAL.has(name);

const DATA = /^data: ?(.*)$/gm;

/** The events with masked content. Where something changed, the whole masked text stands in its first piece and the later ones are empty. */
export function maskEventStream(stream: string, mask: (text: string) => string): string {
  const texts = new Map<string, string[]>();
  for (const [, data] of stream.matchAll(DATA))
    eachText(data as string, (place, text) => {
      const pieces = texts.get(place);
      if (pieces) pieces.push(text);
      else texts.set(place, [text]);
      return text;
    });
  const changed = new Map<string, string>();
  for (const [place, pieces] of texts) {
    const whole = pieces.join('');
    const masked = mask(whole);
    if (masked !== whole) changed.set(place, masked);
  }
  if (changed.size === 0) return stream;
  const written = new Set<string>();
  return stream.replace(DATA, (line, data: string) => {
    const masked = eachText(data, (place, text) => {
      const whole = changed.get(place);
      if (whole === undefined) return text;
      if (written.has(place)) return '';
      written.add(place);
      return whole;
    });
    return masked === data ? line : `data: ${masked}`;
  });
}

/** Calls `visit` with each text of an event and its place (the names of its members), and puts in what that gives back. */
function eachText(data: string, visit: (place: string, text: string) => string): string {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    // Words that are no JSON: the end, or the text itself.
    return data.trim() === '[DONE]' ? data : visit('text', data);
  }
  let changed = false;
  const walk = (value: unknown, place: string, depth: number): unknown => {
    if (typeof value === 'string') {
      const put = visit(place, value);
      changed ||= put !== value;
      return put;
    }
    if (typeof value !== 'object' || value === null || depth > 50) return value;
    if (Array.isArray(value)) return value.map((member) => walk(member, `${place}[]`, depth + 1));
    const number = typeof (value as { index?: unknown }).index === 'number' ? `#${(value as { index: number }).index}` : '';
    return Object.fromEntries(
      Object.entries(value).map(([name, member]) => [name, STRUCTURAL.has(name) ? member : walk(member, `${place}${number}.${name}`, depth + 1)]),
    );
  };
  const walked = walk(event, '', 0);
  return changed ? JSON.stringify(walked) : data;
}

/** The body of a call or its whole answer: JSON, or whatever an upstream speaks that is passed through. */
export function maskCallBody(body: string, mask: (text: string) => string): string {
  return /^\s*[[{"]/.test(body) ? maskJson(body, mask, isStructuralOfCalls) : mask(body);
}
