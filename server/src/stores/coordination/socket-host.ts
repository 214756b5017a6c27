// Adapter: the process that holds limits, budgets and news for the other processes of its machine. Its own calls use the same counters, without the socket.
import { chmod, mkdir, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { FrameReader, frameOf } from '#lib/frames.ts';
import { Listeners } from './listeners.ts';
import { LocalWhispers } from './local-whispers.ts';
import { MemoryCoordination } from './memory.ts';
import type { Coordination, CoordinationState, Hold, News } from './port.ts';
import { SharedMemoryAccounts } from './shared-memory-accounts.ts';
import { accountLimits, type FromHost, type Question, type ToHost, type WireHold, wireRefusal } from './socket-messages.ts';

export interface CoordinationHostOptions {
  /** Where the others reach it. */
  path: string;
  /** What the records say was spent in an account. */
  storedSpend(account: string): Promise<bigint>;
  /** A process that has not acted on news after this long loses its connection; default 5 s. */
  newsPatienceMs?: number;
}

const SWEEP_MS = 60_000;
const NEWS_PATIENCE_MS = 5_000;

/** One other process, and what it holds at the moment. */
interface Guest {
  readonly socket: Socket;
  readonly holds: Map<number, { hold: Hold; keys: readonly string[] }>;
  /** Parallel places by key and holder. */
  readonly places: Map<string, Set<string>>;
  /** News that it has not acted on yet. */
  readonly waiting: Map<number, () => void>;
}

/** Listens at `path`. @throws when it cannot. */
export async function openCoordinationHost(options: CoordinationHostOptions): Promise<Coordination> {
  await mkdir(dirname(options.path), { recursive: true, mode: 0o700 });
  await rm(options.path, { force: true });
  const host = new CoordinationHost(options);
  await host.listen();
  return host;
}

class CoordinationHost implements Coordination {
  readonly accounts: SharedMemoryAccounts;
  readonly news: News;
  readonly whispers = new LocalWhispers();
  readonly values: Coordination['values'];
  readonly #options: Required<CoordinationHostOptions>;
  readonly #memory = new MemoryCoordination();
  readonly #listeners = new Listeners();
  readonly #guests = new Set<Guest>();
  readonly #server: Server;
  readonly #sweeping: NodeJS.Timeout;
  #numbers = 0;

  constructor(options: CoordinationHostOptions) {
    this.#options = { newsPatienceMs: NEWS_PATIENCE_MS, ...options };
    this.accounts = new SharedMemoryAccounts(options.storedSpend);
    this.values = this.#memory.values;
    this.news = {
      tell: (topic, message, heard) => this.#tell(topic, message, heard === true),
      hear: (topic, onNews, onGap) => this.#listeners.add(topic, onNews, onGap),
    };
    this.#server = createServer((socket) => this.#welcome(socket));
    this.#sweeping = setInterval(() => this.accounts.sweep(Date.now()), SWEEP_MS);
    this.#sweeping.unref();
  }

  readonly take: Coordination['take'] = (limits, nowMs) => this.#memory.take(limits, nowMs);
  readonly add: Coordination['add'] = (key, windowMs, cost, nowMs) => this.#memory.add(key, windowMs, cost, nowMs);
  // biome-ignore lint/complexity/useMaxParams: the port's form
  readonly enter: Coordination['enter'] = (key, max, holder, leaseMs, nowMs) => this.#memory.enter(key, max, holder, leaseMs, nowMs);
  readonly leave: Coordination['leave'] = (key, holder) => this.#memory.leave(key, holder);

  state(): CoordinationState {
    return { kind: 'memory', away: false, processes: this.#guests.size + 1 };
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve, reject) => this.#server.once('error', reject).listen(this.#options.path, resolve));
    await chmod(this.#options.path, 0o600);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweeping);
    for (const { socket } of this.#guests) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
    await this.#memory.close();
  }

  #welcome(socket: Socket): void {
    const guest: Guest = { socket, holds: new Map(), places: new Map(), waiting: new Map() };
    const reader = new FrameReader();
    this.#guests.add(guest);
    socket.on('data', (piece) => {
      try {
        for (const { value } of reader.push(piece)) this.#hear(guest, value as ToHost);
      } catch {
        socket.destroy();
      }
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.#goodbye(guest));
    this.#countProcesses();
  }

  /** Its calls have ended with it: places are free, and holds count as spent, as the ledger bills calls of unknown end. */
  #goodbye(guest: Guest): void {
    if (!this.#guests.delete(guest)) return;
    for (const { hold } of guest.holds.values()) this.accounts.settle(hold, hold.picos);
    for (const [key, holders] of guest.places) for (const holder of holders) this.#memory.leave(key, holder);
    for (const heard of guest.waiting.values()) heard();
    this.#countProcesses();
  }

  #countProcesses(): void {
    const count = this.#guests.size + 1;
    for (const guest of this.#guests) say(guest, { kind: 'processes', count });
  }

  #hear(guest: Guest, message: ToHost): void {
    if (message.kind === 'heard') {
      guest.waiting.get(message.news)?.();
      return;
    }
    for (const { id, question } of message.all) {
      const failed = (error: unknown): void => say(guest, { kind: 'failed', id, message: error instanceof Error ? error.message : String(error) });
      try {
        const answer = this.#answer(guest, question);
        if (answer instanceof Promise) answer.then((value) => say(guest, { kind: 'answer', id, answer: value }), failed);
        else say(guest, { kind: 'answer', id, answer });
      } catch (error) {
        failed(error);
      }
    }
  }

  #answer(guest: Guest, question: Question): unknown {
    switch (question.ask) {
      case 'take':
        return this.#memory.take(question.limits, question.nowMs);
      case 'add':
        return this.#memory.add(question.key, question.windowMs, question.cost, question.nowMs) ?? null;
      case 'enter':
        return this.#enter(guest, question);
      case 'leave':
        guest.places.get(question.key)?.delete(question.holder);
        return this.#memory.leave(question.key, question.holder) ?? null;
      case 'hold':
        return this.#hold(guest, question);
      case 'settle':
        return this.#settle(guest, question);
      case 'adjust':
        this.accounts.adjust(question.key, BigInt(question.picos));
        return this.#spent([question.key]);
      case 'forget':
        return this.accounts.forget(question.key) ?? null;
      case 'tell':
        return this.#tell(question.topic, question.message, question.heard).then(() => null);
      case 'get':
        return value(this.#memory.values.get(question.key));
      case 'set':
        return this.#memory.values.set(question.key, Buffer.from(question.value, 'base64'), question.ttlMs) ?? null;
      case 'remove':
        return this.#memory.values.remove(question.key);
      case 'clear':
        return this.#memory.values.clear();
    }
  }

  #enter(guest: Guest, { key, max, holder, leaseMs, nowMs }: Extract<Question, { ask: 'enter' }>): boolean {
    if (!this.#memory.enter(key, max, holder, leaseMs, nowMs)) return false;
    const holders = guest.places.get(key) ?? new Set();
    guest.places.set(key, holders.add(holder));
    return true;
  }

  async #hold(guest: Guest, { accounts, picos, strict }: Extract<Question, { ask: 'hold' }>): Promise<WireHold> {
    const answer = await this.accounts.hold(accountLimits(accounts), BigInt(picos), strict);
    if (!answer.held) return wireRefusal(answer);
    const number = ++this.#numbers;
    const keys = accounts.map(({ key }) => key);
    // It may have gone while the records were asked.
    if (this.#guests.has(guest)) guest.holds.set(number, { hold: answer.hold, keys });
    else this.accounts.settle(answer.hold, 0n);
    return { held: true, hold: number, spent: this.#spent(keys) };
  }

  #settle(guest: Guest, { hold: number, picos }: Extract<Question, { ask: 'settle' }>): [string, string][] {
    const known = guest.holds.get(number);
    if (known === undefined) return [];
    guest.holds.delete(number);
    this.accounts.settle(known.hold, BigInt(picos));
    return this.#spent(known.keys);
  }

  #spent(keys: readonly string[]): [string, string][] {
    return keys.map((key) => [key, String(this.accounts.spentPicos(key))]);
  }

  async #tell(topic: string, message: string, heard: boolean): Promise<void> {
    const news = ++this.#numbers;
    this.#listeners.tell(topic, message);
    const all = [...this.#guests].map((guest) => this.#bring(guest, { kind: 'news', news, topic, message }));
    if (heard) await Promise.all(all);
  }

  /** Who does not act on news must not believe its memory any longer, so it loses its connection, and with that its place among the processes. */
  #bring(guest: Guest, message: Extract<FromHost, { kind: 'news' }>): Promise<void> {
    return new Promise((resolve) => {
      const late = setTimeout(() => guest.socket.destroy(), this.#options.newsPatienceMs);
      guest.waiting.set(message.news, () => {
        clearTimeout(late);
        guest.waiting.delete(message.news);
        resolve();
      });
      say(guest, message);
    });
  }
}

function value(found: Buffer | null | Promise<Buffer | null>): unknown {
  if (found instanceof Promise) return found.then((bytes) => bytes?.toString('base64') ?? null);
  return found?.toString('base64') ?? null;
}

/** Answers of one turn of the loop leave together. */
function say({ socket }: Guest, message: FromHost): void {
  if (!socket.writable) return;
  if (socket.writableCorked === 0) {
    socket.cork();
    setImmediate(() => socket.uncork());
  }
  for (const piece of frameOf(message)) socket.write(piece);
}
