// Where a session or a key was served last, so that a provider's prompt cache stays warm (router_settings.optional_pre_call_checks: session_affinity, deployment_affinity).
// In memory of the process and bounded: a lost entry costs a cold cache, nothing else. Unlike a rule it never holds a call to a deployment that rests.
import type { GatewayConfig } from '#settings/settings.ts';
import type { Call } from './call.ts';
import type { Group } from './snapshot.ts';
import { sessionOf } from './trace-context.ts';

const MAX_ENTRIES = 50_000;

interface Pin {
  readonly deploymentId: string;
  readonly untilMs: number;
}

export class Affinity {
  readonly #pins = new Map<string, Pin>();

  get size(): number {
    return this.#pins.size;
  }

  /** Id of the deployment that served the call's session, else its key, last; null when affinity is off for the model or nothing is known. */
  of(call: Call, nowMs: number): string | null {
    for (const name of namesOf(call)) {
      const pin = this.#pins.get(name);
      if (pin !== undefined && nowMs < pin.untilMs) return pin.deploymentId;
    }
    return null;
  }

  /** A deployment answers the call: the next one of its session or key goes there, for as long as the time to live from now on. */
  answered(call: Call, deploymentId: string, nowMs: number): void {
    for (const name of namesOf(call)) {
      // The newest stand last: the first to leave is the one that was used longest ago.
      this.#pins.delete(name);
      this.#pins.set(name, { deploymentId, untilMs: nowMs + call.snapshot.config.routing.affinity.ttlMs });
      if (this.#pins.size > MAX_ENTRIES) this.#pins.delete(this.#pins.keys().next().value as string);
    }
  }
}

const NO_NAMES: readonly string[] = [];

/** What a call may be known by, the session first. */
function namesOf(call: Call): readonly string[] {
  const group = call.group as Group;
  const checks = checksOf(call.snapshot.config.routing, group.name);
  if (checks.length === 0 || group.targets.length === 1) return NO_NAMES;
  const names: string[] = [];
  const session = checks.includes('session_affinity') ? sessionOf(call) : null;
  if (session !== null) names.push(`session ${group.name} ${session}`);
  if (checks.includes('deployment_affinity') && names.length === 0) names.push(`key ${group.name} ${call.keyId}`);
  return names;
}

function checksOf({ affinity }: GatewayConfig['routing'], group: string): readonly string[] {
  return Object.hasOwn(affinity.byModel, group) ? (affinity.byModel[group] as readonly string[]) : affinity.checks;
}
