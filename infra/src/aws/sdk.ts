// AWS itself behind the ports.
import { sdkAccount } from './account/sdk.ts';
import { s3Buckets } from './buckets/s3.ts';
import { type AwsClients, awsClients } from './clients.ts';
import type { Cloud } from './cloud.ts';
import { eksCluster } from './cluster/eks.ts';
import { sdkInventory } from './inventory/sdk.ts';
import { sdkListing } from './listing/sdk.ts';
import { secretsManager } from './secrets/secrets-manager.ts';
import { cloudFormationStacks } from './stacks/cloudformation.ts';
import { balancingTargets } from './targets/balancing.ts';

/** The cloud of one region. Credentials come from AWS's own chain (environment, profile, SSO, role) unless the clients were made with some. */
export function sdkCloud(region: string, clients: AwsClients = awsClients(region)): Cloud {
  return {
    account: sdkAccount(clients, region),
    stacks: cloudFormationStacks(clients.cloudFormation),
    cluster: eksCluster(clients.eks, clients.sts),
    buckets: s3Buckets(clients.s3),
    secrets: secretsManager(clients.secrets),
    inventory: sdkInventory(clients),
    listing: sdkListing(clients),
    targets: balancingTargets(clients.loadBalancing),
  };
}
