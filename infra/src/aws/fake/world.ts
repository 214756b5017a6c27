// For tests only: an account that remembers what stands in it, whose time passes when somebody sleeps, and that misbehaves as scripted.
import { type Item, type ItemKind, item } from '#aws/inventory/item.ts';
import type { Tags } from '#aws/tags.ts';

export interface Script {
  /** Logical ids whose creation fails, with the reason and how often. */
  failCreate?: Record<string, { reason: string; times: number }>;
  /** Logical ids whose deletion fails although nothing holds them, and how often. */
  failDelete?: Record<string, number>;
  /** Nodes never go away while the cluster lives. */
  stuckNode?: boolean;
  /** Auto Mode forgets the instance profile of the node role. */
  keepsInstanceProfile?: boolean;
  /** Something writes into a bucket once more after it was emptied. */
  refillsBucket?: boolean;
  /** The API server does not answer. */
  apiGone?: boolean;
  /** Load balancers of controllers, log groups and snapshots that nobody owns. */
  strays?: boolean;
  /** Every n-th call is throttled. */
  throttleEvery?: number;
  /** Removed things are listed for a while, new ones are missing from the first list. */
  isLazyList?: boolean;
  /** Pods of a workload never get ready: the image cannot be pulled. */
  badImage?: string;
  /** What the caller may not list. */
  deniedKind?: ItemKind;
}

interface Timer {
  atMs: number;
  run: () => void;
}

export class FakeWorld {
  readonly script: Script;
  readonly region = 'ap-northeast-1';
  account = '123456789012';
  nowMs = Date.parse('2026-11-26T00:00:00Z');
  readonly items = new Map<string, Item>();
  /** Objects a bucket holds. */
  readonly objects = new Map<string, Map<string, Uint8Array>>();
  readonly secrets = new Map<string, string>();
  readonly budgets = new Map<string, number>();
  private timers: Timer[] = [];
  private counter = 0;
  /** Ids that the next listing does not know yet. */
  private readonly fresh = new Set<string>();
  private readonly lingering = new Map<string, { item: Item; untilMs: number }>();

  constructor(script: Script = {}) {
    this.script = script;
  }

  readonly clock = {
    now: (): Date => new Date(this.nowMs),
    sleep: async (ms: number): Promise<void> => this.pass(ms),
  };

  /** Time passes; everything that was to happen until then happens, in order. */
  pass(ms: number): void {
    const until = this.nowMs + ms;
    for (;;) {
      const next = this.timers.toSorted((first, second) => first.atMs - second.atMs)[0];
      if (next === undefined || next.atMs > until) break;
      this.timers = this.timers.filter((timer) => timer !== next);
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.run();
    }
    this.nowMs = until;
  }

  after(ms: number, run: () => void): void {
    this.timers.push({ atMs: this.nowMs + ms, run });
  }

  id(prefix: string): string {
    this.counter += 1;
    return `${prefix}-${this.counter.toString(16).padStart(8, '0')}`;
  }

  add(kind: ItemKind, id: string, rest: { tags: Tags; name?: string; vpcId?: string | null; state?: string; sizeGib?: number; zone?: string }): void {
    this.items.set(id, item(kind, id, { ...rest, createdAt: new Date(this.nowMs) }));
    if (this.script.isLazyList === true) this.fresh.add(id);
    if (kind === 'bucket') this.objects.set(id, new Map());
  }

  drop(id: string): void {
    const gone = this.items.get(id);
    if (gone !== undefined && this.script.isLazyList === true) this.lingering.set(id, { item: gone, untilMs: this.nowMs + 20_000 });
    this.items.delete(id);
    this.objects.delete(id);
    this.secrets.delete(id);
  }

  patch(id: string, change: Partial<Item>): void {
    const known = this.items.get(id);
    if (known !== undefined) this.items.set(id, { ...known, ...change });
  }

  all(kind?: ItemKind): Item[] {
    return [...this.items.values()].filter((found) => kind === undefined || found.kind === kind);
  }

  /** What a listing answers, which is not always what is there. */
  listed(): Item[] {
    const shown = this.all().filter((found) => !this.fresh.has(found.id));
    this.fresh.clear();
    for (const [id, { untilMs }] of this.lingering) if (untilMs < this.nowMs) this.lingering.delete(id);
    return [...shown, ...[...this.lingering.values()].map(({ item: gone }) => gone)];
  }
}
