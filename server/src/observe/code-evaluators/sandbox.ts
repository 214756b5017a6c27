// Threads for people's evaluators: started when one is needed, a few at once, ended when they are late, broken or idle.
import { Worker } from 'node:worker_threads';
import { AppError } from '#lib/errors.ts';
import { type CodeSandbox, LIMITS, type SandboxAnswer, type SandboxFault, type SandboxQuestion } from './port.ts';

export interface SandboxParts {
  /** Runs at once; default 2. */
  threads?: number;
  /** Questions that may wait; default 200. */
  waiting?: number;
  cpuMs?: number;
  wallMs?: number;
  /** How long a thread without work is kept; default 30 s. */
  idleMs?: number;
}

const START_MS = 60_000;
/** Of the thread's own JavaScript; what evaluators use is bounded by the engine's memory. */
const RESOURCES = { maxOldGenerationSizeMb: 64, maxYoungGenerationSizeMb: 8, stackSizeMb: 16 };

interface Waiting {
  question: SandboxQuestion;
  resolve: (answer: SandboxAnswer) => void;
  reject: (error: Error) => void;
}

export function openSandbox(parts: SandboxParts = {}): CodeSandbox {
  return new Sandbox(parts);
}

const CLOSED = () => new AppError('The process ends: try again.', { status: 503, code: 'sandbox_closed', retryAfterSeconds: 5 });
const lost = (message: string): SandboxFault => ({ kind: 'fault', message, line: null, again: true });

class Sandbox implements CodeSandbox {
  readonly #parts: Required<SandboxParts>;
  readonly #waiting: Waiting[] = [];
  readonly #threads = new Set<Thread>();
  #closed = false;

  constructor(parts: SandboxParts) {
    this.#parts = { threads: 2, waiting: 200, cpuMs: LIMITS.cpuMs, wallMs: LIMITS.wallMs, idleMs: 30_000, ...parts };
  }

  async run(question: SandboxQuestion): Promise<SandboxAnswer> {
    if (this.#closed) throw CLOSED();
    if (question.source.length > LIMITS.sourceChars) return { ...lost(`an evaluator has at most ${LIMITS.sourceChars} characters`), again: false };
    if ((question.contextText?.length ?? 0) > LIMITS.contextChars)
      return { ...lost(`what is to be evaluated is longer than ${LIMITS.contextChars} characters of JSON`), again: false };
    if (this.#waiting.length >= this.#parts.waiting)
      throw new AppError('Too many evaluators wait for the sandbox: try again in a moment.', { status: 503, code: 'sandbox_busy', retryAfterSeconds: 5 });
    return await new Promise((resolve, reject) => {
      this.#waiting.push({ question, resolve, reject });
      this.#work();
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(CLOSED());
    await Promise.all([...this.#threads].map((thread) => thread.end(lost('the process ended'))));
  }

  #work(): void {
    while (this.#waiting.length > 0) {
      const thread = [...this.#threads].find(({ free }) => free) ?? (this.#threads.size < this.#parts.threads ? this.#start() : null);
      if (thread === null) return;
      const next = this.#waiting.shift() as Waiting;
      thread.ask(next.question, next.resolve);
    }
  }

  #start(): Thread {
    const thread = new Thread(this.#parts, {
      freed: () => this.#work(),
      ended: () => {
        this.#threads.delete(thread);
        if (!this.#closed) this.#work();
      },
    });
    this.#threads.add(thread);
    return thread;
  }
}

interface Owner {
  freed: () => void;
  ended: () => void;
}

class Thread {
  readonly #worker: Worker;
  readonly #parts: Required<SandboxParts>;
  readonly #owner: Owner;
  #isReady = false;
  #asked: { question: SandboxQuestion; resolve: (answer: SandboxAnswer) => void } | null = null;
  #timer: NodeJS.Timeout | null = null;
  #isEnding = false;

  constructor(parts: Required<SandboxParts>, owner: Owner) {
    this.#parts = parts;
    this.#owner = owner;
    // Nothing of the process: no environment, no flags, no arguments, no input; what it prints is dropped.
    const worker = new Worker(new URL('./sandbox-thread.ts', import.meta.url), {
      name: 'evaluators',
      workerData: { cpuMs: parts.cpuMs },
      env: {},
      argv: [],
      execArgv: [],
      stdin: false,
      stdout: true,
      stderr: true,
      resourceLimits: RESOURCES,
    });
    worker.stdout.resume();
    worker.stderr.resume();
    worker.unref();
    worker.on('message', (told: 'ready' | { answer: SandboxAnswer; broken: boolean }) => (told === 'ready' ? this.#ready() : this.#told(told)));
    worker.on('error', (error: NodeJS.ErrnoException) => void this.end(lost(`the sandbox ended while the evaluator ran (${error.code ?? error.name})`)));
    worker.on('exit', () => {
      this.#finish(lost('the sandbox ended while the evaluator ran'));
      owner.ended();
    });
    this.#worker = worker;
  }

  get free(): boolean {
    return this.#asked === null && !this.#isEnding;
  }

  ask(question: SandboxQuestion, resolve: (answer: SandboxAnswer) => void): void {
    this.#asked = { question, resolve };
    this.#worker.ref();
    if (this.#isReady) this.#send();
    else this.#in(START_MS, lost('the sandbox did not start in time'));
  }

  async end(answer: SandboxAnswer): Promise<void> {
    this.#isEnding = true;
    this.#finish(answer);
    await this.#worker.terminate();
  }

  #ready(): void {
    this.#isReady = true;
    if (this.#asked !== null) this.#send();
  }

  #send(): void {
    this.#in(this.#parts.wallMs, lost(`the evaluator did not end within ${this.#parts.wallMs} ms`));
    this.#worker.postMessage(this.#asked?.question);
  }

  #in(ms: number, answer: SandboxAnswer): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.end(answer), ms);
  }

  #told({ answer, broken }: { answer: SandboxAnswer; broken: boolean }): void {
    if (this.#isEnding) return;
    if (broken) return void this.end(answer);
    this.#finish(answer);
    this.#worker.unref();
    this.#timer = setTimeout(() => void this.end(answer), this.#parts.idleMs).unref();
    this.#owner.freed();
  }

  #finish(answer: SandboxAnswer): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#asked?.resolve(answer);
    this.#asked = null;
  }
}
