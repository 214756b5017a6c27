// Whether both sides of a session live: pings that must be answered, the longest silence, the longest time.
import type WebSocket from 'ws';

const PING_MS = 20_000;

export interface PulseOf {
  readonly sockets: readonly WebSocket[];
  readonly idleMs: number;
  readonly longestMs: number;
  /** The session has been silent or open for too long. */
  onOver(message: string): void;
}

export class Pulse {
  readonly #of: PulseOf;
  /** Sockets that were pinged and have said nothing since. */
  readonly #silent = new Set<WebSocket>();
  #lastEventAt = performance.now();
  #timers: NodeJS.Timeout[] = [];

  constructor(of: PulseOf) {
    this.#of = of;
  }

  start(): void {
    const { sockets, idleMs, longestMs, onOver } = this.#of;
    for (const socket of sockets) {
      const lives = (): void => void this.#silent.delete(socket);
      socket.on('pong', lives);
      socket.on('ping', lives);
      socket.on('message', () => {
        lives();
        this.#lastEventAt = performance.now();
      });
    }
    const idle = (): void => {
      const leftMs = this.#lastEventAt + idleMs - performance.now();
      if (leftMs <= 0) onOver(`The session was silent for ${Math.round(idleMs / 1000)} seconds.`);
      else this.#timers[1] = setTimeout(idle, leftMs + 1);
    };
    this.#timers = [
      setInterval(() => this.#ping(), PING_MS),
      setTimeout(idle, idleMs),
      setTimeout(() => onOver(`The session hit its maximum duration of ${Math.round(longestMs / 60_000)} minutes.`), longestMs),
    ];
  }

  stop(): void {
    for (const timer of this.#timers) clearTimeout(timer);
  }

  /** A socket that is not read from cannot be heard: whoever it waits for is pinged too. */
  #ping(): void {
    for (const socket of this.#of.sockets) {
      if (socket.readyState !== socket.OPEN || socket.isPaused) continue;
      if (this.#silent.has(socket)) {
        socket.terminate();
        continue;
      }
      this.#silent.add(socket);
      socket.ping();
    }
  }
}
