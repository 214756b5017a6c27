// The live tail in roles apart, where events are stored: what this process's engine tells its watchers goes on to readers in other processes. It takes only as much as it can send on,
// so that a slow way out drops rows in the engine's bounded queue and never holds up what stores them.
import { randomBytes } from 'node:crypto';
import { fieldsOf, parsed, textOf } from '#lib/json.ts';
import type { Whispers } from '#stores/coordination/port.ts';
import { type Asked, askedIn, framesTopic, type Sent, WATCH_TOPIC, type Watch } from './relay-messages.ts';

export interface TailSenderParts {
  whispers: Whispers;
  /** The live tail of this process's engine; 422 while another process stores. May reject while the engine is away. */
  open: (watch: Watch, signal: AbortSignal) => Promise<Response>;
  /** Readers at once; default 64: each process that reads lets 16 in. */
  readers?: number;
  /** A reader that was silent for so long is gone; default 15 s. */
  silentMs?: number;
}

const READERS = 64;
const SILENT_MS = 15_000;
/** Of the text of a message. */
const LARGEST = 65_536;
const ELSEWHERE = 422;

interface Reader {
  ending: AbortController;
  timer: NodeJS.Timeout;
}

/** Attends to readers until `close`. @throws AppError 503 while coordination is away. */
export async function startTailSender(parts: TailSenderParts): Promise<{ close(): void }> {
  const sender = new TailSender(parts);
  const stop = await parts.whispers.attend(WATCH_TOPIC, (text) => sender.hear(text));
  return {
    close() {
      stop();
      sender.close();
    },
  };
}

class TailSender {
  readonly #parts: TailSenderParts;
  readonly #from = randomBytes(8).toString('hex');
  readonly #readers = new Map<string, Reader>();

  constructor(parts: TailSenderParts) {
    this.#parts = parts;
  }

  hear(text: string): void {
    const asked: Asked | null = askedIn(text);
    if (asked === null) return;
    const known = this.#readers.get(asked.id);
    if (asked.kind === 'end') this.#end(asked.id);
    else if (known !== undefined) known.timer.refresh();
    else if (this.#readers.size < (this.#parts.readers ?? READERS)) void this.#serve(asked);
  }

  close(): void {
    for (const id of this.#readers.keys()) this.#end(id);
  }

  #end(id: string): void {
    const reader = this.#readers.get(id);
    this.#readers.delete(id);
    if (reader === undefined) return;
    clearTimeout(reader.timer);
    reader.ending.abort();
  }

  async #serve(watch: Watch): Promise<void> {
    const ending = new AbortController();
    const timer = setTimeout(() => this.#end(watch.id), this.#parts.silentMs ?? SILENT_MS).unref();
    this.#readers.set(watch.id, { ending, timer });
    try {
      const answer = await this.#parts.open(watch, ending.signal);
      if (answer.status !== 200) await this.#refuse(watch, answer);
      else await this.#carry(watch, answer.body as ReadableStream<Uint8Array>, ending.signal);
    } catch {
      // The engine went away or the reader did; one that is still there asks again.
    } finally {
      if (this.#readers.get(watch.id)?.ending === ending) this.#end(watch.id);
    }
  }

  /** Whoever does not store keeps silent: another process answers. */
  async #refuse(watch: Watch, answer: Response): Promise<void> {
    const text = await answer.text();
    if (answer.status === ELSEWHERE || answer.status === 503) return;
    const message = textOf(fieldsOf(parsed(text)).message) || 'The live tail cannot be watched now: try again in a moment.';
    await this.#say(watch, { kind: 'refused', from: this.#from, status: answer.status, message });
  }

  /** The body is let go by this signal itself: a request hears of its own signal only until it is collected, and would keep its place among the watchers. */
  async #carry(watch: Watch, body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
    const pieces = body.getReader();
    const letGo = (): void => void pieces.cancel().catch(() => undefined);
    if (signal.aborted) letGo();
    signal.addEventListener('abort', letGo, { once: true });
    const decoder = new TextDecoder();
    // A reader that asks again after this stream has ended gets another one: to it that is somebody else.
    const from = `${this.#from}.${randomBytes(4).toString('hex')}`;
    let number = 0;
    let rest = '';
    for (let piece = await pieces.read(); !piece.done; piece = await pieces.read()) {
      const frames = (rest + decoder.decode(piece.value, { stream: true })).split('\n\n');
      rest = frames.pop() ?? '';
      for (const text of messagesOf(frames)) await this.#say(watch, { kind: 'frames', from, number: number++, text });
    }
  }

  async #say(watch: Watch, sent: Sent): Promise<void> {
    await this.#parts.whispers.whisper(framesTopic(watch.id), JSON.stringify(sent));
  }
}

/** Whole frames in messages of a bounded size. */
function messagesOf(frames: readonly string[]): string[] {
  const messages: string[] = [];
  let now = '';
  for (const frame of frames) {
    if (now !== '' && now.length + frame.length > LARGEST) {
      messages.push(now);
      now = '';
    }
    now += `${frame}\n\n`;
  }
  return now === '' ? messages : [...messages, now];
}
