// The newest log lines of the platform's pods, by part.
import { NAMESPACE } from '#k8s/names.ts';
import type { ServerObject } from '#kubernetes/port.ts';
import { type LifeContext, LifeError } from './context.ts';
import { openCluster } from './door.ts';
import { identify } from './identity.ts';

export interface PodLog {
  pod: string;
  container: string;
  text: string;
}

const NAME_LABEL = 'app.kubernetes.io/name';

/** @param part a component such as gateway, web, worker or clickhouse; null = all @throws LifeError when there is no cluster, or no such part */
export async function logsOf(context: LifeContext, part: string | null, options: { tailLines: number; previous: boolean }): Promise<PodLog[]> {
  const { cluster } = await identify(context);
  const kubernetes = cluster === null ? null : openCluster(context, cluster);
  if (kubernetes === null) throw new LifeError('cluster.absent', { environment: context.environment.name });
  try {
    const all = await kubernetes.list({ apiVersion: 'v1', kind: 'Pod' }, { namespace: NAMESPACE });
    const parts = [...new Set(all.map(partOf))].toSorted();
    const pods = all.filter((pod) => part === null || partOf(pod) === part);
    if (pods.length === 0) throw new LifeError('logs.none', { part: part ?? '-', parts: parts.join(', ') || '-' });
    const logs: PodLog[] = [];
    for (const pod of pods) {
      for (const container of containersOf(pod)) {
        const text = await kubernetes.logs({ namespace: NAMESPACE, name: pod.metadata.name, container }, options);
        logs.push({ pod: pod.metadata.name, container, text });
      }
    }
    return logs;
  } finally {
    await kubernetes.close();
  }
}

const partOf = (pod: ServerObject): string => pod.metadata.labels?.[NAME_LABEL] ?? '-';

function containersOf(pod: ServerObject): string[] {
  const spec = pod.spec as { initContainers?: { name: string }[]; containers?: { name: string }[] } | undefined;
  return [...(spec?.initContainers ?? []), ...(spec?.containers ?? [])].map((container) => container.name);
}
