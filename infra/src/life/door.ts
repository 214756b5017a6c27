// The way to the cluster's API, when there is one: endpoint and authority from EKS, a token that is renewed before it ends.
import type { ClusterState } from '#aws/cluster/port.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';
import type { LifeContext } from './context.ts';
import { patient } from './patience.ts';

/** EKS tokens live 15 minutes. */
const RENEW_AFTER_MS = 10 * 60_000;

/** A client that waits out a busy API server; null when the cluster has no endpoint (yet, or any more). */
export function openCluster(context: LifeContext, cluster: ClusterState): KubernetesPort | null {
  const { endpoint, certificateAuthority } = cluster;
  if (endpoint === null || certificateAuthority === null || cluster.status === 'DELETING' || cluster.status === 'CREATING') return null;
  let token = '';
  let madeAt = 0;
  const client = context.connect({
    endpoint,
    certificateAuthority,
    token: async () => {
      const now = context.clock.now().getTime();
      if (token === '' || now - madeAt > RENEW_AFTER_MS) {
        token = await context.cloud.cluster.token(cluster.name);
        madeAt = now;
      }
      return token;
    },
  });
  return patient(client, context.clock);
}
