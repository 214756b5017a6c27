// Adapter: limits, budgets and news that another process of this machine holds (socket-host.ts). A process that loses it cannot go on: who holds the counters starts it again.
import { connect, type Socket } from 'node:net';
import { AppError } from '#lib/errors.ts';
import { FrameReader, frameOf } from '#lib/frames.ts';
import { Listeners } from './listeners.ts';
import { LocalWhispers } from './local-whispers.ts';
import type { AccountLimit, Accounts, Coordination, CoordinationState, Hold, HoldAnswer, News, Taken, Values } from './port.ts';
import { type FromHost, type Question, type ToHost, type WireHold, wireAccounts } from './socket-messages.ts';

export interface SocketCoordinationOptions {
  path: string;
  /** The connection has broken for good. */
  onLost(): void;
}

/** What was last heard of so many accounts is kept. */
const MAX_KNOWN = 50_000;

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: Error): void;
}

interface SocketHold extends Hold {
  readonly number: number;
  open: boolean;
}

/** Connects. @throws AppError when nobody listens there. */
export async function openSocketCoordination(options: SocketCoordinationOptions): Promise<Coordination> {
  const socket = connect(options.path);
  await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', (cause) => reject(away(cause))));
  return new SocketCoordination(socket, options.onLost);
}

class SocketCoordination implements Coordination {
  readonly accounts: Accounts;
  readonly news: News;
  readonly whispers = new LocalWhispers();
  readonly values: Values;
  readonly #socket: Socket;
  readonly #listeners = new Listeners();
  readonly #waiting = new Map<number, Waiting>();
  #asking: { id: number; question: Question }[] = [];
  #ids = 0;
  #processes = 1;
  #lost = false;
  #closed = false;

  constructor(socket: Socket, onLost: () => void) {
    this.#socket = socket;
    this.accounts = new SocketAccounts((question) => this.#ask(question));
    this.news = {
      tell: async (topic, message, heard) => {
        await this.#ask({ ask: 'tell', topic, message, heard: heard === true }).catch(() => undefined);
      },
      hear: (topic, onNews, onGap) => this.#listeners.add(topic, onNews, onGap),
    };
    this.values = {
      get: async (key) => bytesOf(await this.#ask({ ask: 'get', key })),
      set: async (key, value, ttlMs) => void (await this.#ask({ ask: 'set', key, value: value.toString('base64'), ttlMs })),
      remove: async (key) => (await this.#ask({ ask: 'remove', key })) as boolean,
      clear: async () => (await this.#ask({ ask: 'clear' })) as number,
    };
    const reader = new FrameReader();
    socket.on('data', (piece) => {
      for (const { value } of reader.push(piece)) this.#hear(value as FromHost);
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => {
      this.#lost = true;
      for (const { reject } of this.#waiting.values()) reject(away(null));
      this.#waiting.clear();
      this.#listeners.gap();
      if (!this.#closed) onLost();
    });
  }

  async take(limits: Parameters<Coordination['take']>[0], nowMs: number): Promise<Taken> {
    return (await this.#ask({ ask: 'take', limits, nowMs })) as Taken;
  }

  async add(key: string, windowMs: number, cost: number, nowMs: number): Promise<void> {
    await this.#ask({ ask: 'add', key, windowMs, cost, nowMs });
  }

  // biome-ignore lint/complexity/useMaxParams: the port's form
  async enter(key: string, max: number, holder: string, leaseMs: number, nowMs: number): Promise<boolean> {
    return (await this.#ask({ ask: 'enter', key, max, holder, leaseMs, nowMs })) as boolean;
  }

  async leave(key: string, holder: string): Promise<void> {
    await this.#ask({ ask: 'leave', key, holder });
  }

  state(): CoordinationState {
    return { kind: 'memory', away: this.#lost, processes: this.#processes };
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#lost) return;
    await new Promise<void>((resolve) => this.#socket.once('close', () => resolve()).end());
  }

  #hear(message: FromHost): void {
    if (message.kind === 'processes') this.#processes = message.count;
    else if (message.kind === 'news') {
      this.#listeners.tell(message.topic, message.message);
      this.#send({ kind: 'heard', news: message.news });
    } else {
      const waiting = this.#waiting.get(message.id);
      this.#waiting.delete(message.id);
      if (message.kind === 'answer') waiting?.resolve(message.answer);
      else waiting?.reject(away(new Error(message.message)));
    }
  }

  /** Questions of one turn leave together. */
  #ask(question: Question): Promise<unknown> {
    if (this.#lost) return Promise.reject(away(null));
    return new Promise((resolve, reject) => {
      const id = ++this.#ids;
      this.#waiting.set(id, { resolve, reject });
      if (this.#asking.length === 0) queueMicrotask(() => this.#flush());
      this.#asking.push({ id, question });
    });
  }

  #flush(): void {
    const all = this.#asking;
    this.#asking = [];
    this.#send({ kind: 'questions', all });
  }

  #send(message: ToHost): void {
    if (this.#lost) return;
    for (const piece of frameOf(message)) this.#socket.write(piece);
  }
}

class SocketAccounts implements Accounts {
  readonly shared = true;
  readonly #ask: (question: Question) => Promise<unknown>;
  readonly #spent = new Map<string, bigint>();

  constructor(ask: (question: Question) => Promise<unknown>) {
    this.#ask = ask;
  }

  async hold(accounts: readonly AccountLimit[], picos: bigint, strict: boolean): Promise<HoldAnswer> {
    const answer = (await this.#ask({ ask: 'hold', accounts: wireAccounts(accounts), picos: String(picos), strict })) as WireHold;
    if (!answer.held) return { held: false, refusedBy: answer.refusedBy, spentPicos: BigInt(answer.spent) };
    this.#know(answer.spent);
    const hold: SocketHold = { picos, number: answer.hold, open: true };
    return { held: true, hold };
  }

  async settle(hold: Hold, actualPicos: bigint): Promise<void> {
    const open = hold as SocketHold;
    if (!open.open) return;
    open.open = false;
    this.#know((await this.#ask({ ask: 'settle', hold: open.number, picos: String(actualPicos) })) as [string, string][]);
  }

  spentPicos(key: string): bigint {
    return this.#spent.get(key) ?? 0n;
  }

  adopt(): void {}

  async adjust(key: string, deltaPicos: bigint): Promise<void> {
    this.#know((await this.#ask({ ask: 'adjust', key, picos: String(deltaPicos) })) as [string, string][]);
  }

  async forget(key: string): Promise<void> {
    this.#spent.delete(key);
    await this.#ask({ ask: 'forget', key });
  }

  #know(spent: readonly (readonly [string, string])[]): void {
    if (this.#spent.size > MAX_KNOWN) this.#spent.clear();
    for (const [key, picos] of spent) this.#spent.set(key, BigInt(picos));
  }
}

function bytesOf(answer: unknown): Buffer | null {
  return typeof answer === 'string' ? Buffer.from(answer, 'base64') : null;
}

function away(cause: unknown): AppError {
  const said = cause instanceof Error ? ` (${cause.message})` : '';
  return new AppError(`The process that holds limits and budgets does not answer${said}. Try again in a moment.`, {
    status: 503,
    code: 'coordination_away',
    retryAfterSeconds: 1,
    cause,
  });
}
