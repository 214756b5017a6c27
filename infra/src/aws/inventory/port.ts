// Port: everything in an account and region that belongs to one environment, whoever made it, and the removal of one thing.
import type { Tags } from '#aws/tags.ts';
import type { Item } from './item.ts';
import type { Scope } from './scope.ts';

export interface Findings {
  items: Item[];
  /** Kinds that could not be listed: while there is one, nobody may say that nothing is left. */
  unreadable: { kind: string; reason: string }[];
}

export interface InventoryPort {
  find(scope: Scope): Promise<Findings>;
  /** Starts the removal; fine when the thing is gone already. @throws CloudError 'in-use' while something else holds it, 'invalid' for a kind that is only listed. */
  remove(item: Item): Promise<void>;
  /** Lays tags on a volume, so that later runs know that it is kept. */
  mark(item: Item, tags: Tags): Promise<void>;
}
