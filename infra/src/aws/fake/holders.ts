// For tests only: what keeps a thing from being deleted, as the services say it.
import type { Item } from '#aws/inventory/item.ts';
import type { FakeWorld } from './world.ts';

/** The refusal of the service, or null when nothing holds it. */
export function holdersOf(world: FakeWorld, item: Item): string | null {
  const inVpc = (kinds: readonly Item['kind'][]): Item[] =>
    world.all().filter((other) => other.id !== item.id && other.vpcId === item.vpcId && kinds.includes(other.kind));
  switch (item.kind) {
    case 'bucket':
      return (world.objects.get(item.id)?.size ?? 0) > 0 ? 'The bucket you tried to delete is not empty (BucketNotEmpty)' : null;
    case 'role': {
      const profile = world.all('instance-profile').find((found) => found.name.endsWith(item.id));
      return profile === undefined ? null : `Cannot delete entity, must remove roles from instance profile first (DeleteConflict): ${profile.id}`;
    }
    case 'subnet':
      return dependency(item, inVpc(['network-interface', 'instance', 'load-balancer', 'nat-gateway']));
    case 'security-group':
      return dependency(
        item,
        inVpc(['network-interface']).filter((face) => face.tags.group === item.id),
      );
    case 'vpc':
      return dependency(
        item,
        inVpc(['network-interface', 'security-group', 'subnet', 'internet-gateway', 'nat-gateway', 'route-table', 'load-balancer', 'vpc-endpoint']),
      );
    case 'network-interface':
      return item.state === 'in-use' ? `Network interface ${item.id} is currently in use` : null;
    case 'volume':
      return item.state === 'in-use' ? `Volume ${item.id} is currently attached (VolumeInUse)` : null;
    case 'database-cluster':
      return dependency(
        item,
        world.all('database-instance').filter((instance) => instance.tags['genai:environment'] === item.tags['genai:environment']),
      );
    default:
      return null;
  }
}

function dependency(item: Item, holders: readonly Item[]): string | null {
  const [first] = holders;
  return first === undefined ? null : `${item.id} has a dependent object (DependencyViolation): ${first.kind} ${first.id}`;
}
