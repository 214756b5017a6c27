// Port: the ids of everything of one kind in an account and region, whoever it belongs to. Only looks; what it answers is never removed.

export const LISTED_KINDS = [
  'bucket',
  'cache',
  'cache-cluster',
  'cache-parameter-group',
  'cache-subnet-group',
  'cluster',
  'database-cluster',
  'database-instance',
  'database-subnet-group',
  'elastic-ip',
  'identity-provider',
  'instance',
  'internet-gateway',
  'launch-template',
  'load-balancer',
  'log-group',
  'nat-gateway',
  'network-interface',
  'policy',
  'role',
  'route-table',
  'secret',
  'security-group',
  'subnet',
  'target-group',
  'volume',
  'vpc',
  'vpc-endpoint',
] as const;

export type ListedKind = (typeof LISTED_KINDS)[number];

export interface ListingPort {
  /** What is deleted but still listed by its service is left out. @throws CloudError */
  idsOf(kind: ListedKind): Promise<string[]>;
}
