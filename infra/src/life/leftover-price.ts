// What does a thing that is left cost a day? Null when nobody here knows; 0 when it is free.
import type { Item, ItemKind } from '#aws/inventory/item.ts';
import type { Rates } from '#bill/bill.ts';

/** Free while they stand. What an instance or a load balancer costs is on its own line. */
const FREE: readonly ItemKind[] = [
  'launch-template',
  'target-group',
  'network-interface',
  'security-group',
  'subnet',
  'route-table',
  'internet-gateway',
  'vpc',
  'instance-profile',
  'role',
  'database-subnet-group',
  'cache-subnet-group',
  'cache-parameter-group',
];

const DAYS_A_MONTH = 730 / 24;

/** USD a day. */
export function dayPriceOf(item: Item, rates: Rates, databaseMinAcu: number): number | null {
  const unit = (key: string): number | null => rates.prices.find((price) => price.key === key)?.usd ?? null;
  const hourly = (key: string, quantity = 1): number | null => times(unit(key), 24 * quantity);
  const monthly = (key: string, quantity = 1): number | null => times(unit(key), quantity / DAYS_A_MONTH);
  switch (item.kind) {
    case 'cluster':
      return hourly('eks-cluster');
    case 'instance':
      return hourly(`node:${item.sizeClass ?? ''}`);
    case 'nat-gateway':
      return hourly('nat-gateway');
    case 'elastic-ip':
      return hourly('public-ipv4');
    case 'load-balancer':
      return hourly('load-balancer');
    // The capacity is billed at the instance: the cluster alone only stores.
    case 'database-instance':
      return hourly('aurora-acu', databaseMinAcu);
    case 'cache':
      return hourly(`cache:${item.sizeClass ?? ''}`);
    case 'volume':
      return item.sizeGib === null ? null : monthly('ebs-gp3', item.sizeGib);
    case 'secret':
      return monthly('secret');
    case 'vpc-endpoint':
      return item.sizeClass === 'Gateway' ? 0 : null;
    default:
      return FREE.includes(item.kind) ? 0 : null;
  }
}

function times(price: number | null, factor: number): number | null {
  return price === null ? null : price * factor;
}
