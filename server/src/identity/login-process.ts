// Keeps the login library out of the doors' process: started for a sign-in, ended when nobody signs in any more. It reaches the records only through us.
import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { FromLogin, LoginSetup, PlainRequest, PlainResponse, ToLogin } from './login-messages.ts';
import type { LoginRecords } from './login-records.ts';

/** Longer than the window of the sign-in limit (60 s), whose counters live in the process. */
const IDLE_MS = 120_000;
/** Sign-ins under way at most; each hashes a password (32 MB, 60 ms). */
const MAX_PENDING = 64;

/** One library in a process of its own; `ask` starts it when it is not there. */
export class LoginProcess {
  readonly #setup: LoginSetup;
  readonly #records: LoginRecords;
  readonly #pending = new Map<number, PromiseWithResolvers<PlainResponse>>();
  #child: ChildProcess | null = null;
  #idleTimer: NodeJS.Timeout | null = null;
  #lastId = 0;

  constructor(setup: LoginSetup, records: LoginRecords) {
    this.#setup = setup;
    this.#records = records;
  }

  /** The library's answer to one request, or null when too many are under way. @throws Error when it failed for a reason that is not the client's. */
  ask(request: PlainRequest): Promise<PlainResponse> | null {
    if (this.#pending.size >= MAX_PENDING) return null;
    const child = this.#start();
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<PlainResponse>();
    this.#pending.set(id, answer);
    child.ref();
    child.channel?.ref();
    tell(child, { kind: 'request', id, request });
    return answer.promise;
  }

  /** Pid of the process while there is one. */
  pid(): number | null {
    return this.#child?.pid ?? null;
  }

  async close(): Promise<void> {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    const child = this.#child;
    if (!child) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    this.#ended(child, new Error('the login process was ended'));
    child.kill('SIGKILL');
    await ended;
  }

  #start(): ChildProcess {
    if (this.#idleTimer) clearTimeout(this.#idleTimer);
    if (this.#child) return this.#child;
    const child = fork(fileURLToPath(new URL('./login-child.ts', import.meta.url)), [], {
      serialization: 'advanced',
      execArgv: ['--max-old-space-size=96'],
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    this.#child = child;
    child.on('message', (message) => this.#hear(child, message as FromLogin));
    child.on('error', (error) => this.#ended(child, error));
    child.on('exit', () => this.#ended(child, new Error('the login process ended')));
    tell(child, { kind: 'setup', setup: this.#setup });
    return child;
  }

  #hear(child: ChildProcess, message: FromLogin): void {
    if (message.kind === 'records') {
      const { id } = message;
      this.#records[message.name](message.operation).then(
        (value) => tell(child, { kind: 'records', id, value, failed: false }),
        () => tell(child, { kind: 'records', id, value: null, failed: true }),
      );
      return;
    }
    const answer = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (message.response) answer?.resolve(message.response);
    else answer?.reject(new Error(`login: ${message.reason}`));
    if (this.#pending.size > 0) return;
    // A waiting process must not keep this one alive; when this one ends, the other does.
    child.unref();
    child.channel?.unref();
    this.#idleTimer = setTimeout(() => void this.close(), IDLE_MS).unref();
  }

  #ended(child: ChildProcess, error: Error): void {
    if (this.#child !== child) return;
    this.#child = null;
    for (const answer of this.#pending.values()) answer.reject(error);
    this.#pending.clear();
  }
}

/** A message to a process that has just ended is lost; its `exit` has answered for it. */
function tell(child: ChildProcess, message: ToLogin): void {
  if (child.connected) child.send(message, () => {});
}
