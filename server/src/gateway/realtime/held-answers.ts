// Answers that guards have to see before the client does: every event of an answer waits until it is done, then leaves as the guards want it, or not at all.
import { countOf, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import type { RealtimeEvent } from './events.ts';
import { itemTexts } from './texts.ts';

/** Bytes of one answer that wait; a longer one cannot be looked at, and is refused. */
const MOST_HELD_BYTES = 16 * 1024 * 1024;

export class HeldAnswer {
  readonly #events: RealtimeEvent[] = [];
  readonly #said = new Map<string, string>();
  readonly #sounds = new Set<string>();
  readonly itemIds = new Set<string>();
  #sizeBytes = 0;

  get isTooLong(): boolean {
    return this.#sizeBytes > MOST_HELD_BYTES;
  }

  /** Keeps an event of the answer. Of one that is too long nothing more is kept. */
  keep(event: RealtimeEvent, sizeBytes: number): void {
    this.#sizeBytes += sizeBytes;
    const { fields } = event;
    const itemId = textOf(fields.item_id) || textOf(fieldsOf(fields.item).id);
    if (itemId !== '') this.itemIds.add(itemId);
    if (this.isTooLong) {
      this.#events.length = 0;
      return;
    }
    this.#note(event);
    this.#events.push(event);
  }

  #note({ type, fields }: RealtimeEvent): void {
    const key = placeOf(fields, type);
    if (/audio\.delta$/.test(type)) this.#sounds.add(key);
    else if (type.endsWith('.delta')) this.#said.set(key, (this.#said.get(key) ?? '') + textOf(fields.delta));
    for (const name of SPOKEN) if (type.endsWith('.done') && textOf(fields[name]) !== '') this.#say(key, textOf(fields[name]));
    for (const item of [fields.item, ...objectsOf(fieldsOf(fields.response).output)]) this.#sayItem(item);
    if (isFields(fields.part)) for (const name of SPOKEN) this.#say(key, textOf(fields.part[name]));
  }

  #sayItem(item: unknown): void {
    if (!isFields(item)) return;
    for (const [index, part] of objectsOf(item.content).entries()) for (const name of SPOKEN) this.#say(`${textOf(item.id)}:${index}`, textOf(part[name]));
    for (const name of ['arguments', 'output']) this.#say(`${textOf(item.id)}:${name}`, textOf(item[name]));
  }

  /** The longest form of a text is what was said. */
  #say(key: string, text: string): void {
    if (text.length > (this.#said.get(key)?.length ?? 0)) this.#said.set(key, text);
  }

  /** What was said, by its place. Sound without words has none that could be looked at. */
  texts(): ReadonlyMap<string, string> {
    return new Map([...this.#said].filter(([, text]) => text !== ''));
  }

  /** The events as they may leave. `changed` holds the texts that guards replaced: their sound is left out, as is sound without words. */
  release(changed: ReadonlyMap<string, string>): RealtimeEvent[] {
    const silent = new Set([...changed.keys(), ...[...this.#sounds].filter((key) => !this.#said.get(key))]);
    const told = new Set<string>();
    return this.#events.flatMap((event) => {
      const key = placeOf(event.fields, event.type);
      if (event.type.endsWith('.delta')) {
        if (/audio\.delta$/.test(event.type)) return silent.has(key) ? [] : [event];
        const text = changed.get(key);
        if (text === undefined) return [event];
        if (told.has(key)) return [];
        told.add(key);
        return [{ type: event.type, fields: { ...event.fields, delta: text } }];
      }
      rewrite(event.fields, key, changed);
      return [event];
    });
  }
}

/** Names under which a part or an event holds what was said. */
const SPOKEN = ['text', 'transcript', 'arguments'] as const;

function placeOf(fields: Fields, type: string): string {
  const part = type.includes('arguments') ? 'arguments' : countOf(fields.content_index);
  return `${textOf(fields.item_id)}:${part}`;
}

function rewrite(fields: Fields, key: string, changed: ReadonlyMap<string, string>): void {
  const text = changed.get(key);
  if (text !== undefined) for (const holder of [fields, fieldsOf(fields.part)]) for (const name of SPOKEN) if (textOf(holder[name]) !== '') holder[name] = text;
  for (const item of [fields.item, ...objectsOf(fieldsOf(fields.response).output)]) if (isFields(item)) rewriteItem(item, changed);
}

function rewriteItem(item: Fields, changed: ReadonlyMap<string, string>): void {
  const id = textOf(item.id);
  for (const [index, part] of objectsOf(item.content).entries()) {
    const text = changed.get(`${id}:${index}`);
    if (text === undefined) continue;
    for (const name of SPOKEN) if (textOf(part[name]) !== '') part[name] = text;
    delete part.audio;
  }
  for (const name of ['arguments', 'output']) {
    const text = changed.get(`${id}:${name}`);
    if (text !== undefined && textOf(item[name]) !== '') item[name] = text;
  }
}

/** Whether an event belongs to an answer that is held. */
export function belongsTo(held: HeldAnswer, responseId: string, { fields }: RealtimeEvent): boolean {
  if (textOf(fields.response_id) === responseId || textOf(fieldsOf(fields.response).id) === responseId) return true;
  const itemId = textOf(fields.item_id) || textOf(fieldsOf(fields.item).id);
  return held.itemIds.has(itemId) || isAnswerItem(fields.item);
}

/** Items that only the model makes. */
export function isAnswerItem(item: unknown): boolean {
  if (!isFields(item)) return false;
  return item.role === 'assistant' || textOf(item.type).endsWith('_call') || textOf(item.type).startsWith('mcp_');
}

/** Whether an item holds anything that guards would look at. */
export const hasTexts = (item: unknown): boolean => itemTexts(item).length > 0;
