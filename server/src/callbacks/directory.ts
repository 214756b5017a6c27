// Who is told of a call: the receivers of the configuration, replaced by name by those of the call's team and of its key. Kept in memory, read again when somebody changes them.
import { createHash } from 'node:crypto';
import type { CallSettled } from '#call-record.ts';
import type { CallbackTarget } from '#settings/callback-kinds.ts';
import type { ScopedTargets } from './callback-records.ts';

/** A receiver and whose it is; `id` stays the same while its address and keys change. */
export interface PlacedTarget extends CallbackTarget {
  readonly id: string;
  readonly scope: string;
}

export class CallbackDirectory {
  #global: readonly PlacedTarget[] = [];
  #scoped: ReadonlyMap<string, readonly PlacedTarget[]> = new Map();
  #silent: ReadonlySet<string> = new Set();

  useGlobal(targets: readonly CallbackTarget[]): void {
    this.#global = targets.map((target) => placed('global', target));
  }

  useScoped({ targets, silentTeams }: ScopedTargets): void {
    const scoped = new Map<string, PlacedTarget[]>();
    for (const { scope, scopeId, target } of targets) {
      const place = `${scope}:${scopeId}`;
      scoped.set(place, [...(scoped.get(place) ?? []), placed(place, target)]);
    }
    this.#scoped = scoped;
    this.#silent = silentTeams;
  }

  get isEmpty(): boolean {
    return this.#global.length === 0 && this.#scoped.size === 0;
  }

  all(): PlacedTarget[] {
    return [...this.#global, ...[...this.#scoped.values()].flat()];
  }

  /** The receivers that are told of a call. A call whose client left half-way cost money: both kinds of receivers hear of it. */
  targetsOf({ path, outcome }: Pick<CallSettled, 'path' | 'outcome'>): PlacedTarget[] {
    if (path.teamId !== null && this.#silent.has(path.teamId)) return [];
    const ofTeam = path.teamId === null ? undefined : this.#scoped.get(`team:${path.teamId}`);
    const ofKey = this.#scoped.get(`key:${path.keyId}`);
    const byName = new Map<string, PlacedTarget>();
    for (const list of [this.#global, ofTeam ?? [], ofKey ?? []]) for (const target of list) byName.set(target.name, target);
    return [...byName.values()].filter(({ success, failure }) => (outcome === 'success' ? success : outcome === 'failure' ? failure : success || failure));
  }
}

function placed(scope: string, target: CallbackTarget): PlacedTarget {
  return { ...target, scope, id: createHash('sha256').update(`${scope}\n${target.name}`).digest('hex').slice(0, 20) };
}
