// Outputs and addresses of an environment that stands.
import { readStackOutputs, type StackOutputs } from '#outputs.ts';
import { type LifeContext, LifeError } from './context.ts';
import { openCluster } from './door.ts';
import { identify } from './identity.ts';
import { type UpResult, urlsOf } from './up.ts';

/** @throws LifeError 'cluster.absent' when there is none */
export async function standingOutputs(context: LifeContext): Promise<{ outputs: StackOutputs; urls: UpResult['urls'] }> {
  const { stacks, cluster } = await identify(context);
  if (cluster === null) throw new LifeError('cluster.absent', { environment: context.environment.name });
  const outputs = readStackOutputs(Object.assign({}, ...stacks.map((stack) => stack.outputs)));
  if (outputs.gatewayUrl !== undefined) return { outputs, urls: urlsOf(outputs, null) };
  const kubernetes = openCluster(context, cluster);
  if (kubernetes === null) throw new LifeError('cluster.unreachable', { cluster: cluster.name });
  try {
    const [ingress] = await kubernetes.list({ apiVersion: 'networking.k8s.io/v1', kind: 'Ingress' });
    const status = ingress?.status as { loadBalancer?: { ingress?: { hostname?: string }[] } } | undefined;
    return { outputs, urls: urlsOf(outputs, status?.loadBalancer?.ingress?.[0]?.hostname ?? null) };
  } finally {
    await kubernetes.close();
  }
}
