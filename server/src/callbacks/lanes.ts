// The open ways to receivers, one a target: opened when first needed, opened anew when an address or a key changed, counted.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Log } from '#telemetry/log.ts';
import type { Metrics } from '#telemetry/metrics.ts';
import type { PlacedTarget } from './directory.ts';
import { type Lane, openLane } from './lane.ts';
import type { LoggedCall } from './logged-call.ts';
import type { Space } from './outbox.ts';
import { type Outside, openReceiver } from './receiver.ts';

export interface LanesParts {
  /** `<data>/callbacks`. */
  folder: string;
  limitBytes: number;
  outside: Outside;
  metrics: Metrics;
  log: Log;
  firstPauseMs?: number;
}

export interface TargetState {
  readonly name: string;
  readonly scope: string;
  readonly waiting: number;
  readonly waitingBytes: number;
  readonly behind: boolean;
  /** What the last failed try said, until one succeeds. */
  readonly lastError: string | null;
}

interface OpenLane {
  lane: Lane;
  target: PlacedTarget;
  lastError: string | null;
}

const LOG_EVERY_MS = 60_000;

export class Lanes {
  readonly #parts: LanesParts;
  readonly #space: Space;
  readonly #open = new Map<string, OpenLane>();
  readonly #counters: ReturnType<typeof countersOf>;

  constructor(parts: LanesParts) {
    this.#parts = parts;
    this.#space = { limitBytes: parts.limitBytes, usedBytes: 0 };
    this.#counters = countersOf(parts.metrics, this.#space, () => this.states());
  }

  /** Hands calls to the target's receiver; see Lane.accept. Whatever is wrong with one receiver stays with it. */
  async accept(target: PlacedTarget, batch: string, calls: readonly LoggedCall[]): Promise<void> {
    const open = await this.#laneOf(target);
    if (open !== null) await open.lane.accept(batch, calls);
  }

  /** Opens what has something waiting, closes what is not configured any more. */
  async use(targets: readonly PlacedTarget[]): Promise<void> {
    const ids = new Set(targets.map(({ id }) => id));
    for (const [id, open] of this.#open) if (!ids.has(id)) await this.#close(id, open);
    for (const target of targets) {
      const waits = existsSync(join(this.#parts.folder, target.id));
      if (waits || this.#open.has(target.id)) await this.#laneOf(target);
    }
  }

  states(): TargetState[] {
    return [...this.#open.values()].map(({ lane, target, lastError }) => ({ name: target.name, scope: target.scope, ...lane.state(), lastError }));
  }

  async close(): Promise<void> {
    await Promise.all([...this.#open].map(([id, open]) => this.#close(id, open)));
  }

  async #close(id: string, { lane }: OpenLane): Promise<void> {
    this.#open.delete(id);
    this.#space.usedBytes -= lane.state().waitingBytes;
    await lane.close();
  }

  async #laneOf(target: PlacedTarget): Promise<OpenLane | null> {
    const known = this.#open.get(target.id);
    if (known !== undefined && sameTarget(known.target, target)) return known;
    if (known !== undefined) await this.#close(target.id, known);
    try {
      return this.#openLane(target);
    } catch (error) {
      this.#parts.log.error('a callback cannot be used; nothing is sent to it', { callback: target.name, scope: target.scope, error });
      return null;
    }
  }

  #openLane(target: PlacedTarget): OpenLane {
    const { log, outside, folder, firstPauseMs } = this.#parts;
    const counters = this.#counters;
    const labels = [target.name, target.scope === 'global' ? 'global' : target.scope.slice(0, target.scope.indexOf(':'))] as const;
    const about = { callback: target.name, scope: target.scope };
    const warn = seldom((message, fields) => log.warn(message, { ...about, ...fields }));
    const counts = {
      delivered: (calls: number) => {
        counters.delivered.add(calls, ...labels);
        open.lastError = null;
      },
      refused: (calls: number, error: Error) => {
        counters.refused.add(calls, ...labels);
        open.lastError = error.message;
        warn('a callback refused calls; they are not sent again', { error });
      },
      dropped: (calls: number) => {
        counters.dropped.add(calls, ...labels);
        warn('calls for a callback were dropped: the space for those that wait is full', { calls });
      },
      failed: (error: Error) => {
        counters.failures.add(1, ...labels);
        open.lastError = error.message;
        warn('a callback does not take calls; they wait on the disk', { error });
      },
      damaged: (file: string) => warn('a file with calls for a callback is damaged and was put aside', { file }),
    };
    const pause = firstPauseMs === undefined ? {} : { firstPauseMs };
    // The lane may already count while it opens.
    const open = { target, lastError: null } as unknown as OpenLane;
    open.lane = openLane({ receiver: openReceiver(target, outside), folder: join(folder, target.id), space: this.#space, counts, ...pause });
    this.#open.set(target.id, open);
    return open;
  }
}

function countersOf(metrics: Metrics, space: Space, states: () => TargetState[]) {
  const labels = ['callback', 'scope'];
  const waiting = metrics.gauge({ name: 'genai_callback_waiting_deliveries', help: 'Deliveries that wait on the disk for their receiver.', labels });
  const used = metrics.gauge({ name: 'genai_callback_waiting_bytes', help: 'Space that waiting deliveries take.' });
  const limit = metrics.gauge({ name: 'genai_callback_waiting_limit_bytes', help: 'Space at which new deliveries to receivers that are away are dropped.' });
  metrics.onCollect(() => {
    used.set(space.usedBytes);
    limit.set(space.limitBytes);
    const sums = new Map<string, number>();
    for (const state of states()) {
      const key = `${state.name}\n${state.scope === 'global' ? 'global' : state.scope.slice(0, state.scope.indexOf(':'))}`;
      sums.set(key, (sums.get(key) ?? 0) + state.waiting);
    }
    for (const [key, sum] of sums) waiting.set(sum, ...key.split('\n'));
  });
  return {
    delivered: metrics.counter({ name: 'genai_callback_delivered_calls_total', help: 'Calls that a receiver has taken.', labels }),
    refused: metrics.counter({ name: 'genai_callback_refused_calls_total', help: 'Calls that a receiver understood and refused.', labels }),
    dropped: metrics.counter({
      name: 'genai_callback_dropped_calls_total',
      help: 'Calls that no receiver got because the space for waiting ones was full.',
      labels,
    }),
    // LiteLLM's name; its dashboards look for it.
    failures: metrics.counter({
      name: 'litellm_callback_logging_failures_metric_total',
      help: 'Tries of a callback that failed.',
      labels: ['callback_name', 'scope'],
    }),
  };
}

function sameTarget(one: PlacedTarget, other: PlacedTarget): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** A dead receiver must not fill the log. */
function seldom(say: (message: string, fields: Record<string, unknown>) => void): (message: string, fields: Record<string, unknown>) => void {
  const saidAt = new Map<string, number>();
  return (message, fields) => {
    const nowMs = Date.now();
    if (nowMs - (saidAt.get(message) ?? 0) < LOG_EVERY_MS) return;
    saidAt.set(message, nowMs);
    say(message, fields);
  };
}
