// How many nodes the pods need: first-fit packing of what they ask for, as a scheduler would at best.
import type { Environment } from '#environment.ts';
import { RESOURCES } from '#k8s/resources.ts';

interface Need {
  readonly cpu: number;
  readonly memoryGib: number;
}

/** GiB of memory a processor by the first letter of the family, and processors by size. */
const GIB_A_CPU: Readonly<Record<string, number>> = { c: 2, m: 4, r: 8 };
const CPUS: Readonly<Record<string, number>> = { large: 2, xlarge: 4, '2xlarge': 8, '4xlarge': 16 };

/** What pods can use of a node: the system keeps about a tenth and a fixed part. */
function allocatable(instanceType: string): Need | null {
  const [family = '', size = ''] = instanceType.split('.');
  const cpus = CPUS[size];
  const gibACpu = GIB_A_CPU[family.charAt(0)];
  return cpus === undefined || gibACpu === undefined ? null : { cpu: cpus - 0.1, memoryGib: cpus * gibACpu * 0.9 - 0.4 };
}

const cpuOf = (text: string): number => (text.endsWith('m') ? Number(text.slice(0, -1)) / 1000 : Number(text));
const gibOf = (text: string): number => (text.endsWith('Gi') ? Number(text.slice(0, -2)) : Number(text.slice(0, -2)) / 1024);
const needOf = (name: keyof typeof RESOURCES): Need => ({ cpu: cpuOf(RESOURCES[name].cpu), memoryGib: gibOf(RESOURCES[name].memory) });

const times = (count: number, name: keyof typeof RESOURCES): readonly Need[] => Array.from({ length: count }, () => needOf(name));

/** The number of nodes of the settings' instance type; at least two, so that a zone may fail. An instance type whose size is not known counts as two. */
export function nodesNeeded(environment: Pick<Environment, 'observe' | 'sizes'>): number {
  const { replicas, nodeInstanceType } = environment.sizes;
  const room = allocatable(nodeInstanceType);
  if (room === null) return 2;
  const pods = [
    ...times(1, 'clickhouse'),
    ...times(replicas.gateway, 'gateway'),
    ...times(replicas.web, 'web'),
    ...times(environment.observe === 'langfuse' ? replicas.worker : 0, 'worker'),
    ...times(1, 'metricsServer'),
  ].sort((one, two) => two.memoryGib - one.memoryGib);
  const nodes: { cpu: number; memoryGib: number }[] = [];
  for (const pod of pods) {
    const node = nodes.find(({ cpu, memoryGib }) => cpu + pod.cpu <= room.cpu && memoryGib + pod.memoryGib <= room.memoryGib);
    if (node === undefined) nodes.push({ ...pod });
    else {
      node.cpu += pod.cpu;
      node.memoryGib += pod.memoryGib;
    }
  }
  return Math.max(2, nodes.length);
}
