// One exposition of several processes: the front's series as they are, those of its call workers with their number as the label `worker`. Families stay together, as the format demands.
import type { Metrics } from '#telemetry/metrics.ts';
import type { CallWorkers } from './call-workers.ts';

/** What the admin routes show of a process and of its call workers. */
export function withWorkers(
  metrics: Metrics,
  workers: Pick<CallWorkers, 'state' | 'metrics'> | undefined,
): { metrics: Metrics; workers?: CallWorkers['state'] } {
  return workers === undefined ? { metrics } : { metrics: joined(metrics, workers.metrics), workers: workers.state };
}

function joined(metrics: Metrics, others: CallWorkers['metrics']): Metrics {
  let texts: ReadonlyMap<string, string> = new Map();
  return {
    ...metrics,
    async refresh() {
      [texts] = await Promise.all([others(), metrics.refresh()]);
    },
    text: () => joinExpositions(metrics.text(), texts),
  };
}

interface Family {
  head: string[];
  samples: string[];
}

/** `others`: text by the value of its label. */
export function joinExpositions(own: string, others: ReadonlyMap<string, string>): string {
  const families = new Map<string, Family>();
  gather(own, null, families);
  for (const [worker, text] of others) gather(text, worker, families);
  return `${[...families.values()].flatMap(({ head, samples }) => [...head, ...samples]).join('\n')}\n`;
}

function gather(text: string, worker: string | null, families: Map<string, Family>): void {
  let family: Family = { head: [], samples: [] };
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const name = /^# HELP (\S+)/.exec(line)?.[1];
    if (name !== undefined) {
      family = families.get(name) ?? { head: [], samples: [] };
      families.set(name, family);
    }
    if (!line.startsWith('#')) family.samples.push(worker === null ? line : labelled(line, worker));
    else if (family.head.length < 2) family.head.push(line);
  }
}

/** `name 1` -> `name{worker="0"} 1`; labels that are there stay. */
function labelled(line: string, worker: string): string {
  const label = `worker="${worker}"`;
  const end = /^[a-zA-Z_:][a-zA-Z0-9_:]*/.exec(line)?.[0].length ?? 0;
  if (line[end] !== '{') return `${line.slice(0, end)}{${label}}${line.slice(end)}`;
  return `${line.slice(0, end)}{${label}${line[end + 1] === '}' ? '' : ','}${line.slice(end + 1)}`;
}
