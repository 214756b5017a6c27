// Which faults happen when: drawn from a seed, so that a run can be repeated. Pure.
import type { LinkMode } from '../link.ts';

/** What is done to whom; every fault ends by itself after `lastsMs`. */
export type Fault =
  | { kind: 'kill' | 'restart' | 'pause' | 'lose-disk'; member: string }
  | { kind: 'link'; member: string; store: StoreName; mode: Exclude<LinkMode, 'open'> }
  | { kind: 'kill' | 'pause'; store: StoreName | 'haproxy' };

export type StoreName = 'postgres' | 'redis' | 's3' | 'clickhouse';

export interface PlannedFault {
  atMs: number;
  lastsMs: number;
  fault: Fault;
}

const STORES: readonly StoreName[] = ['postgres', 'redis', 's3', 'clickhouse'];
const MODES = ['cut', 'stall', 'slow'] as const;

/** mulberry32: small, and the same everywhere. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface PlanInput {
  seed: number;
  minutes: number;
  /** Names of the processes: gateway-0, observe-1, worker-0. */
  members: readonly string[];
}

const FIRST_MS = 3_000;
/** At the end nothing new happens, so that the last fault has ended. */
const QUIET_MS = 12_000;

/** One fault every 2 to 5 seconds; each lasts 0.5 to 9 seconds, so that some meet. */
export function planFaults({ seed, minutes, members }: PlanInput): PlannedFault[] {
  const random = randomOf(seed);
  const among = <Item>(items: readonly Item[]): Item => items[Math.floor(random() * items.length)] as Item;
  const plan: PlannedFault[] = [];
  for (let atMs = FIRST_MS; atMs < minutes * 60_000 - QUIET_MS; atMs += 2_000 + random() * 3_000) {
    plan.push({ atMs: Math.round(atMs), lastsMs: Math.round(500 + random() * 8_500), fault: draw(random(), among, members) });
  }
  return plan;
}

function draw(share: number, among: <Item>(items: readonly Item[]) => Item, members: readonly string[]): Fault {
  if (share < 0.16) return { kind: 'kill', member: among(members) };
  if (share < 0.22) return { kind: 'lose-disk', member: among(members.filter((name) => name.startsWith('gateway'))) };
  if (share < 0.3) return { kind: 'restart', member: among(members) };
  if (share < 0.4) return { kind: 'pause', member: among(members) };
  if (share < 0.7) return { kind: 'link', member: among(members), store: among(STORES), mode: among(MODES) };
  if (share < 0.85) return { kind: 'pause', store: among([...STORES, 'haproxy' as const]) };
  return { kind: 'kill', store: among([...STORES, 'haproxy' as const]) };
}

/** In words, for the protocol of a run. */
export function nameOf(fault: Fault): string {
  if (fault.kind === 'link') return `${fault.mode} ${fault.member} from ${fault.store}`;
  return `${fault.kind} ${'member' in fault ? fault.member : fault.store}`;
}
