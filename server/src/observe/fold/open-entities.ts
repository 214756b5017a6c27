// The cache of open entities: states that further events are likely to touch, bounded by bytes, least recently used out first.
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

export class OpenEntities {
  private readonly maxBytes: number;
  private readonly entries = new Map<string, { entity: OpenEntity; sizeBytes: number }>();
  private bytes = 0;
  /** Every event received after this instant about an entity that had any since then is in the cache. */
  completeSinceUs: number;

  constructor(maxBytes: number, nowUs: number) {
    this.maxBytes = maxBytes;
    this.completeSinceUs = nowUs;
  }

  get sizeBytes(): number {
    return this.bytes;
  }

  /** The entity, marked as just used. */
  get(key: string): OpenEntity | undefined {
    const entry = this.entries.get(key);
    if (entry === undefined) return undefined;
    this.entries.delete(key);
    this.entries.set(key, entry);
    return entry.entity;
  }

  /** Keeps the entity and lets go of the least recently used beyond the bound. */
  set(key: string, entity: OpenEntity): void {
    this.delete(key);
    const sizeBytes = sizeOf(entity);
    this.entries.set(key, { entity, sizeBytes });
    this.bytes += sizeBytes;
    if (this.bytes <= this.maxBytes) return;
    for (const [oldest, { entity: leaving }] of this.entries) {
      if (this.bytes <= this.maxBytes) break;
      this.delete(oldest);
      this.completeSinceUs = Math.max(this.completeSinceUs, leaving.state.updatedAtUs);
    }
  }

  delete(key: string): void {
    const entry = this.entries.get(key);
    if (entry === undefined) return;
    this.entries.delete(key);
    this.bytes -= entry.sizeBytes;
  }
}
