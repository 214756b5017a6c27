// The live tail in roles apart, where people read: asks whoever stores for the frames and hands them on. What is lost on the way is never lost without a word: a hole, another sender or a broken way is a `gap`.
import { randomBytes } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import type { Whispers } from '#stores/coordination/port.ts';
import { framesTopic, type Sent, sentIn, WATCH_TOPIC } from './relay-messages.ts';

export interface TailReaderParts {
  whispers: Whispers;
  bounds?: Partial<ReaderBounds>;
}

interface ReaderBounds {
  /** Readers of this process. */
  readers: number;
  /** Characters that wait for one reader. */
  waiting: number;
  /** How often who stores is asked again; it takes over from a dead one by that. */
  askMs: number;
  /** How long the first answer is waited for. */
  firstMs: number;
  /** Without a frame for so long the answer ends: the reader comes back by itself. */
  silentMs: number;
}

const BOUNDS: ReaderBounds = { readers: 16, waiting: 1 << 20, askMs: 3_000, firstMs: 10_000, silentMs: 45_000 };

export interface TailQuestionApart {
  projectId: string;
  organizationId: string;
  /** As the route takes it, checked. */
  filter: string;
  lastEventId: string | null;
  signal: AbortSignal;
}

export interface TailReader {
  /** Frames of server-sent events. @throws AppError 429 when too many read, 503 while nobody stores. */
  read(question: TailQuestionApart): Promise<ReadableStream<Uint8Array>>;
  close(): void;
}

export function createTailReader({ whispers, bounds = {} }: TailReaderParts): TailReader {
  const held = { ...BOUNDS, ...bounds };
  const open = new Set<Reading>();
  return {
    async read(question) {
      if (open.size >= held.readers)
        throw new AppError(`${held.readers} watch the live tail here already: close one of them and try again.`, {
          status: 429,
          code: 'TooManyRequests',
          retryAfterSeconds: 10,
        });
      const reading = new Reading(whispers, held, question, () => open.delete(reading));
      open.add(reading);
      try {
        await reading.begin();
        return reading.stream();
      } catch (error) {
        reading.end();
        throw error;
      }
    },
    close() {
      for (const reading of open) reading.end();
    },
  };
}

class Reading {
  readonly #whispers: Whispers;
  readonly #bounds: ReaderBounds;
  readonly #question: TailQuestionApart;
  readonly #onEnd: () => void;
  readonly #id = randomBytes(12).toString('hex');
  #after: string | null;
  #queue: string[] = [];
  #waiting = 0;
  #dropped = 0;
  #gap = false;
  #refusal: Extract<Sent, { kind: 'refused' }> | null = null;
  #from: string | null = null;
  #next = 0;
  #ended = false;
  #ring: () => void = () => {};
  #stop: () => void = () => {};
  #asking: NodeJS.Timeout | null = null;

  constructor(whispers: Whispers, bounds: ReaderBounds, question: TailQuestionApart, onEnd: () => void) {
    this.#whispers = whispers;
    this.#bounds = bounds;
    this.#question = question;
    this.#onEnd = onEnd;
    this.#after = question.lastEventId;
  }

  /** Resolves with the first frames. @throws AppError. */
  async begin(): Promise<void> {
    const stop = await this.#whispers.attend(
      framesTopic(this.#id),
      (text) => this.#hear(text),
      () => this.#lost(),
    );
    if (this.#ended) return stop();
    this.#stop = stop;
    this.#question.signal.addEventListener('abort', () => this.end(), { once: true });
    this.#ask();
    this.#asking = setInterval(() => this.#ask(), this.#bounds.askMs).unref();
    if (this.#queue.length === 0) await this.#rung(this.#bounds.firstMs);
    if (this.#refusal !== null) throw new AppError(this.#refusal.message, { status: this.#refusal.status, code: 'LiveTailRefused', retryAfterSeconds: 10 });
    if (this.#queue.length === 0)
      throw new AppError('No worker stores events at this moment: try again soon. What was accepted waits and is not lost.', {
        status: 503,
        code: 'LiveTailAway',
        retryAfterSeconds: 5,
      });
  }

  stream(): ReadableStream<Uint8Array> {
    const bytes = new TextEncoder();
    return new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const text = await this.#take();
          if (text === null) {
            this.end();
            controller.close();
          } else controller.enqueue(bytes.encode(text));
        },
        cancel: () => this.end(),
      },
      { highWaterMark: 0 },
    );
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#asking !== null) clearInterval(this.#asking);
    this.#stop();
    void this.#whispers.whisper(WATCH_TOPIC, JSON.stringify({ kind: 'end', id: this.#id }));
    this.#onEnd();
    this.#ring();
  }

  #ask(): void {
    const { projectId, organizationId, filter } = this.#question;
    void this.#whispers.whisper(WATCH_TOPIC, JSON.stringify({ kind: 'watch', id: this.#id, projectId, organizationId, filter, after: this.#after }));
  }

  #hear(text: string): void {
    const sent = sentIn(text);
    if (sent === null || this.#ended) return;
    if (sent.kind === 'refused') {
      // Once frames came, who stores now will answer.
      if (this.#from === null) this.#refusal = sent;
    } else this.#frames(sent);
    this.#ring();
  }

  #frames({ from, number, text }: Extract<Sent, { kind: 'frames' }>): void {
    if (this.#from !== null && (from !== this.#from || number !== this.#next)) this.#gap = true;
    this.#from = from;
    this.#next = number + 1;
    this.#after = [...text.matchAll(/^id: (.*)$/gm)].at(-1)?.[1] ?? this.#after;
    this.#queue.push(text);
    this.#waiting += text.length;
    while (this.#waiting > this.#bounds.waiting && this.#queue.length > 1) {
      const oldest = this.#queue.shift() as string;
      this.#waiting -= oldest.length;
      this.#dropped += oldest.match(/^event: observation$/gm)?.length ?? 0;
      // What the engine had to say of drops and gaps is in there too.
      if (/^event: (gap|dropped)$/m.test(oldest)) this.#gap = true;
    }
  }

  #lost(): void {
    if (this.#from === null) return;
    this.#gap = true;
    this.#ring();
  }

  async #take(): Promise<string | null> {
    if (!this.#ended && this.#queue.length === 0 && !this.#gap) await this.#rung(this.#bounds.silentMs);
    if (this.#ended || (this.#queue.length === 0 && !this.#gap)) return null;
    const said =
      (this.#gap ? 'event: gap\ndata: {}\n\n' : '') + (this.#dropped > 0 ? `event: dropped\ndata: ${JSON.stringify({ count: this.#dropped })}\n\n` : '');
    const text = said + this.#queue.join('');
    this.#queue = [];
    [this.#waiting, this.#dropped, this.#gap] = [0, 0, false];
    return text;
  }

  /** Until something is heard, this ends, or `waitMs` are over. */
  async #rung(waitMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, waitMs);
      this.#ring = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#ring = () => {};
  }
}
