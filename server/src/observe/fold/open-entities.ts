// The cache of open entities: states that further events are likely to touch, bounded by bytes, what was not used for long out first.
import type { EntityKind } from '#observe/ingest/events.ts';
import type { EntityState, Stamped } from './join.ts';

/** What decides under which key and in which partition a row lies. */
export interface StoredKey {
  /** The row's time column. */
  time: string;
  traceId: string;
  retentionClass: number;
  /** The row also stands for its trace. */
  isTrace: boolean;
}

/** A state and where its live row lies; `stored` is null while there is none. */
export interface OpenEntity {
  state: EntityState;
  stored: StoredKey | null;
}

/** The cache's key of an entity. */
export function entityKey(kind: EntityKind, projectId: string, id: string): string {
  return `${kind}\u0001${projectId}\u0001${id}`;
}

const ENTRY_OVERHEAD_BYTES = 400;
const FIELD_OVERHEAD_BYTES = 60;

function sizeOf({ state }: OpenEntity): number {
  let size = ENTRY_OVERHEAD_BYTES;
  for (const fields of [state.fields, state.metadata] as Record<string, Stamped>[]) {
    for (const name in fields) {
      const { value } = fields[name] as Stamped;
      size += FIELD_OVERHEAD_BYTES + name.length + (typeof value === 'string' ? value.length * 2 : 8);
    }
  }
  for (const tag of state.tags) size += tag.length * 2;
  return size;
}

/** What came into the cache since some instant. */
class Generation {
  readonly entries = new Map<string, { entity: OpenEntity; sizeBytes: number }>();
  bytes = 0;
  /** No entity in it was touched later. */
  latestUs = 0;

  take(key: string): OpenEntity | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.bytes -= entry.sizeBytes;
    return entry.entity;
  }

  put(key: string, entity: OpenEntity): void {
    const sizeBytes = sizeOf(entity);
    const before = this.entries.get(key);
    this.entries.set(key, { entity, sizeBytes });
    this.bytes += sizeBytes - (before?.sizeBytes ?? 0);
    this.latestUs = Math.max(this.latestUs, entity.state.updatedAtUs);
  }
}

/** Two generations instead of an order of every use: what is used moves into the younger, the older leaves as a whole. */
export class OpenEntities {
  private readonly maxBytes: number;
  private young = new Generation();
  private old = new Generation();
  /** Every event received after this instant about an entity that had any since then is in the cache. */
  completeSinceUs: number;

  constructor(maxBytes: number, nowUs: number) {
    this.maxBytes = maxBytes;
    this.completeSinceUs = nowUs;
  }

  get sizeBytes(): number {
    return this.young.bytes + this.old.bytes;
  }

  /** The entity, marked as just used. */
  get(key: string): OpenEntity | undefined {
    const entry = this.young.entries.get(key);
    if (entry !== undefined) return entry.entity;
    const entity = this.old.take(key);
    if (entity !== undefined) this.young.put(key, entity);
    return entity;
  }

  /** Keeps the entity and lets go of those that were not used for longest beyond the bound. */
  set(key: string, entity: OpenEntity): void {
    this.old.take(key);
    this.young.put(key, entity);
    if (this.young.bytes > this.maxBytes / 2) this.age();
    while (this.sizeBytes > this.maxBytes) this.age();
  }

  delete(key: string): void {
    this.young.take(key);
    this.old.take(key);
  }

  private age(): void {
    if (this.old.entries.size > 0) this.completeSinceUs = Math.max(this.completeSinceUs, this.old.latestUs);
    this.old = this.young;
    this.young = new Generation();
  }
}
