// What a session is configured to do, as far as money and guards ask: whether it answers by itself, who listens, in which form it speaks, what was said since the last answer.
import { type Fields, fieldsOf, isFields, textOf } from '#lib/json.ts';
import { soundBytes } from './events.ts';
import { withoutMedia } from './texts.ts';

/** Contents that are kept of what came between two answers. */
const MOST_KEPT_BYTES = 256 * 1024;
/** PCM of 24 kHz and 16 bits. */
const PCM_BYTES_PER_MS = 48;
/** G.711. */
const G711_BYTES_PER_MS = 8;

export class SessionState {
  /** The upstream begins answers by itself when somebody has spoken (turn detection), or after silence. */
  respondsAlone = true;
  respondsToSilence = false;
  /** The model that writes down what is heard; null = none. */
  listener: string | null = null;
  /** Answers come without sound. */
  textOnly = false;
  /** Longest answer as the session states it. */
  maxOutputTokens: number | null = null;
  instructions: string | null = null;
  /** Tokens that the conversation had with its last answer. */
  contextTokens = 0;
  /** What came since. */
  newTextBytes = 0;
  newAudioMs = 0;
  /** Sound since it was last committed. */
  uncommittedMs = 0;
  #bytesPerMs = PCM_BYTES_PER_MS;
  #items = new Map<string, Fields>();
  /** Those of the answer that runs: what was heard is often written down later. */
  #before: ReadonlyMap<string, Fields> = new Map();
  #keptBytes = 0;
  #left = 0;

  /** A configuration, whole or in part, in the beta's form or the GA's. */
  configure(value: unknown): void {
    if (!isFields(value)) return;
    const input = fieldsOf(fieldsOf(value.audio).input);
    for (const holder of [value, input]) if ('turn_detection' in holder) this.#detect(holder.turn_detection);
    if ('input_audio_transcription' in value) this.listener = listenerOf(value.input_audio_transcription);
    if ('transcription' in input) this.listener = listenerOf(input.transcription);
    const modalities = value.output_modalities ?? value.modalities;
    if (Array.isArray(modalities)) this.textOnly = !modalities.includes('audio');
    const most = value.max_output_tokens ?? value.max_response_output_tokens;
    if (most !== undefined) this.maxOutputTokens = tokensOf(most);
    if (typeof value.instructions === 'string') this.instructions = value.instructions.slice(0, MOST_KEPT_BYTES);
    const format = value.input_audio_format ?? fieldsOf(input.format).type;
    if (typeof format === 'string') this.#bytesPerMs = /g711|pcmu|pcma/.test(format) ? G711_BYTES_PER_MS : PCM_BYTES_PER_MS;
  }

  #detect(detection: unknown): void {
    this.respondsAlone = isFields(detection) && detection.create_response !== false;
    this.respondsToSilence = isFields(detection) && typeof detection.idle_timeout_ms === 'number';
  }

  heard(base64: unknown): void {
    const ms = soundBytes(base64) / this.#bytesPerMs;
    this.newAudioMs += ms;
    this.uncommittedMs += ms;
  }

  /** What the client committed now belongs to an item; how long it plays. */
  commit(): number {
    const ms = Math.round(this.uncommittedMs);
    this.uncommittedMs = 0;
    return ms;
  }

  /** An item of the conversation that is no answer of the model. */
  keep(item: Fields): void {
    if (this.#items.has(textOf(item.id))) return;
    const small = withoutMedia(item);
    const sizeBytes = JSON.stringify(small).length;
    this.newTextBytes += sizeBytes;
    if (this.#keptBytes + sizeBytes > MOST_KEPT_BYTES) {
      this.#left++;
      return;
    }
    this.#keptBytes += sizeBytes;
    this.#items.set(textOf(item.id) || `#${this.#items.size}`, small);
  }

  /** What a listening model wrote down of an item. */
  transcribed(itemId: unknown, transcript: string): void {
    const item = this.#items.get(textOf(itemId)) ?? this.#before.get(textOf(itemId));
    if (item === undefined || this.#keptBytes + transcript.length > MOST_KEPT_BYTES) return;
    this.#keptBytes += transcript.length;
    const [first, ...more] = Array.isArray(item.content) ? (item.content as unknown[]) : [];
    item.content = [{ ...fieldsOf(first), transcript }, ...more];
  }

  /** What came since the last answer, as it is written down; the next answer begins with nothing. */
  take(): unknown[] {
    const items: unknown[] = [...this.#items.values()];
    if (this.#left > 0) items.push({ type: 'message', content: `[${this.#left} more items are not kept]` });
    this.#before = this.#items;
    this.#items = new Map();
    this.#keptBytes = 0;
    this.#left = 0;
    return items;
  }

  /** An answer is done: the next one reads all of it again. */
  answered(totalTokens: number): void {
    this.contextTokens = totalTokens;
    this.newTextBytes = 0;
    this.newAudioMs = 0;
  }
}

function listenerOf(transcription: unknown): string | null {
  return isFields(transcription) && typeof transcription.model === 'string' ? transcription.model.slice(0, 200) : null;
}

export function tokensOf(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null;
}
