// One thing of an environment that stands in the account.
import type { Tags } from '#aws/tags.ts';

/** In the order in which a sweep removes them: what holds others before what is held. */
export const ITEM_KINDS = [
  'cluster',
  'instance',
  'launch-template',
  'database-instance',
  'database-cluster',
  'cache',
  'load-balancer',
  'target-group',
  'vpc-endpoint',
  'nat-gateway',
  'network-interface',
  'volume',
  'snapshot',
  'database-snapshot',
  'cache-snapshot',
  'database-subnet-group',
  'cache-subnet-group',
  'cache-parameter-group',
  'security-group',
  'elastic-ip',
  'subnet',
  'route-table',
  'internet-gateway',
  'vpc',
  'instance-profile',
  'role',
  'bucket',
  'log-group',
  'secret',
  'other',
] as const;

export type ItemKind = (typeof ITEM_KINDS)[number];

export interface Item {
  kind: ItemKind;
  id: string;
  /** What a person calls it; the id when it has no name. */
  name: string;
  /** The service's own word for its state; empty when it has none. */
  state: string;
  tags: Tags;
  vpcId: string | null;
  createdAt: Date | null;
  /** Size that is paid for, where there is one. */
  sizeGib: number | null;
  /** The size class that is paid for (instance type, node type), where there is one. */
  sizeClass: string | null;
  /** Availability zone, where it is bound to one. */
  zone: string | null;
}

export function item(kind: ItemKind, id: string, rest: Partial<Omit<Item, 'kind' | 'id'>> = {}): Item {
  return {
    kind,
    id,
    name: rest.name || id,
    state: '',
    tags: {},
    vpcId: null,
    createdAt: null,
    sizeGib: null,
    sizeClass: null,
    zone: null,
    ...withoutName(rest),
  };
}

function withoutName(rest: Partial<Omit<Item, 'kind' | 'id'>>): Partial<Item> {
  const { name: _, ...others } = rest;
  return others;
}
