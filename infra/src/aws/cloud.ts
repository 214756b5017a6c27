// AWS as the life cycle sees it: one object with a port a concern. The SDK is one adapter, the scripted fake of the tests the other.
import type { AccountPort } from './account/port.ts';
import type { BucketPort } from './buckets/port.ts';
import type { ClusterPort } from './cluster/port.ts';
import type { InventoryPort } from './inventory/port.ts';
import type { ListingPort } from './listing/port.ts';
import type { SecretPort } from './secrets/port.ts';
import type { StackPort } from './stacks/port.ts';
import type { TargetPort } from './targets/port.ts';

export interface Cloud {
  account: AccountPort;
  stacks: StackPort;
  cluster: ClusterPort;
  buckets: BucketPort;
  secrets: SecretPort;
  inventory: InventoryPort;
  listing: ListingPort;
  targets: TargetPort;
}
