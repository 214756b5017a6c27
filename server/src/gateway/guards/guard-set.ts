// The guards of a configuration, opened once, and the choice of those that look at a call: by default, by the request, by the key and its team.

import type { Call } from '#gateway/call.ts';
import { fieldOf } from '#gateway/request.ts';
import { AppError } from '#lib/errors.ts';
import type { Log } from '#telemetry/log.ts';
import type { Counter, Histogram, Metrics } from '#telemetry/metrics.ts';
import { CallGuards } from './call-guards.ts';
import type { Guard, GuardConfig, GuardMode } from './guard.ts';
import { localGuard } from './local-guard.ts';
import { moduleGuard } from './module-guard.ts';
import { type Pool, remoteGuard } from './remote-guards.ts';

/** LiteLLM's metrics of guards; made once a process. */
export interface GuardMeters {
  readonly requests: Counter;
  readonly errors: Counter;
  readonly seconds: Histogram;
}

export function createGuardMeters(metrics: Metrics): GuardMeters {
  const labels = ['guardrail_name', 'status', 'hook_type'];
  return {
    requests: metrics.counter({ name: 'litellm_guardrail_requests_total', help: 'Looks of guards, by what they did.', labels }),
    errors: metrics.counter({ name: 'litellm_guardrail_errors_total', help: 'Guards that could not decide.', labels: ['guardrail_name'] }),
    seconds: metrics.histogram({
      name: 'litellm_guardrail_latency_seconds',
      help: 'Seconds that a guard took.',
      labels: ['guardrail_name', 'hook_type'],
      buckets: [0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    }),
  };
}

interface Parts {
  configs: readonly GuardConfig[];
  pool: Pool;
  meters: GuardMeters | null;
  log: Log | null;
}

export class GuardSet {
  readonly #guards: readonly Guard[];
  readonly #parts: Parts;
  readonly #timeouts: ReadonlyMap<string, number>;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#guards = parts.configs.map((config) => open(config, parts.pool)).sort((one, other) => Number(other.refuses) - Number(one.refuses));
    this.#timeouts = new Map(parts.configs.map(({ name, timeoutMs }) => [name, timeoutMs]));
  }

  /** One by its name, for /guardrails/apply_guardrail. */
  named(name: string): Guard | null {
    return this.#guards.find((guard) => guard.name === name) ?? null;
  }

  timeoutMs(guard: Guard): number {
    return this.#timeouts.get(guard.name) ?? 10_000;
  }

  count(guard: Guard, mode: GuardMode, { action, seconds }: { action: string; seconds: number }): void {
    this.#parts.meters?.requests.add(1, guard.name, action, mode);
    this.#parts.meters?.seconds.observe(seconds, guard.name, mode);
  }

  failed(guard: Guard, error: Error): void {
    this.#parts.meters?.errors.add(1, guard.name);
    this.#parts.log?.warn('a guard could not decide', { guardrail: guard.name, failOpen: guard.failOpen, error });
  }

  /** The guards of a call; null when none looks. @throws AppError 400 when the request names one that does not exist. */
  of(call: Call): CallGuards | null {
    const asked = askedGuards(call);
    const { key } = call;
    const own = key?.guardrails ?? [];
    for (const name of asked) {
      if (this.named(name) === null) throw new AppError(`There is no guardrail ${name.slice(0, 100)}. GET /guardrails/list lists them.`, UNKNOWN);
    }
    const wanted = new Set([...asked, ...own]);
    const defaults = key?.skipsDefaultGuards !== true;
    // Two of one name share the work; the first that fits is enough for a call.
    const active = new Map<string, Guard>();
    for (const guard of this.#guards) if ((guard.defaultOn && defaults) || wanted.has(guard.name)) active.set(`${guard.name}`, guard);
    return active.size === 0 ? null : new CallGuards(this, call, [...active.values()]);
  }
}

const UNKNOWN = { status: 400, code: 'bad_request_error', param: 'guardrails' };

function open(config: GuardConfig, pool: Pool): Guard {
  switch (config.kind) {
    case 'personal_data':
    case 'secrets':
    case 'injection':
    case 'content_filter':
      return localGuard(config);
    case 'module':
      return moduleGuard(config);
    default:
      return remoteGuard(config, pool);
  }
}

/** `guardrails` of the body or of its metadata: names, or objects with a name as their key. */
function askedGuards(call: Call): string[] {
  if (call.asked === null) return [];
  const metadata = fieldOf(call.asked, 'metadata');
  const lists = [
    fieldOf(call.asked, 'guardrails'),
    typeof metadata === 'object' && metadata !== null ? (metadata as { guardrails?: unknown }).guardrails : null,
  ];
  return lists.flatMap((list) => (Array.isArray(list) ? list.flatMap(nameOf) : []));
}

function nameOf(entry: unknown): string[] {
  if (typeof entry === 'string') return [entry];
  return typeof entry === 'object' && entry !== null ? Object.keys(entry) : [];
}
