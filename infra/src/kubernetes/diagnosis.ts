// Why is a pod not ready? Pure rules over pods and events that give one sentence's worth of facts a trouble.
import type { ServerObject } from './port.ts';

/** A trouble in words' terms: the command line has the sentence for each code. */
export interface Trouble {
  code: 'image' | 'crash' | 'memory' | 'config' | 'no-node' | 'volume' | 'probe' | 'pending' | 'exited';
  pod: string;
  detail: string;
  /** Container whose log says more. */
  container: string | null;
}

interface ContainerStatus {
  name: string;
  ready?: boolean;
  restartCount?: number;
  state?: { waiting?: { reason?: string; message?: string }; terminated?: Terminated; running?: unknown };
  lastState?: { terminated?: Terminated };
}

interface Terminated {
  exitCode?: number;
  reason?: string;
  message?: string;
}

interface PodStatus {
  phase?: string;
  conditions?: { type: string; status: string; reason?: string; message?: string }[];
  containerStatuses?: ContainerStatus[];
  initContainerStatuses?: ContainerStatus[];
}

interface Event extends ServerObject {
  reason?: string;
  message?: string;
  type?: string;
  involvedObject?: { kind?: string; name?: string };
}

/** The troubles of pods, the plainest cause of each; none for pods that are fine or still on their way. */
export function troublesOf(pods: readonly ServerObject[], events: readonly ServerObject[]): Trouble[] {
  return pods.flatMap((pod) => {
    const own = (events as Event[]).filter((event) => event.involvedObject?.name === pod.metadata.name && event.type === 'Warning');
    const trouble = podTrouble(pod, own);
    return trouble === null ? [] : [trouble];
  });
}

function podTrouble(pod: ServerObject, events: readonly Event[]): Trouble | null {
  const status = (pod.status ?? {}) as PodStatus;
  const make = (code: Trouble['code'], detail: string, container: string | null = null): Trouble => ({ code, pod: pod.metadata.name, detail, container });
  for (const container of [...(status.initContainerStatuses ?? []), ...(status.containerStatuses ?? [])]) {
    const found = containerTrouble(container);
    if (found !== null) return make(found.code, found.detail, container.name);
  }
  const last = (reasons: RegExp): string | null => events.findLast((event) => reasons.test(event.reason ?? ''))?.message ?? null;
  const volume = last(/FailedMount|FailedAttachVolume|ProvisioningFailed/);
  if (volume !== null) return make('volume', volume);
  const unscheduled = status.conditions?.find(({ type, status: is }) => type === 'PodScheduled' && is === 'False');
  if (unscheduled !== undefined) return make('no-node', unscheduled.message ?? 'no node takes it');
  const probe = last(/Unhealthy/);
  if (probe !== null && isUnready(status)) return make('probe', probe);
  return status.phase === 'Pending' && events.length > 0 ? make('pending', events.at(-1)?.message ?? '') : null;
}

function isUnready(status: PodStatus): boolean {
  return status.phase === 'Running' && (status.containerStatuses ?? []).some((container) => container.ready !== true);
}

function containerTrouble(container: ContainerStatus): { code: Trouble['code']; detail: string } | null {
  const waiting = container.state?.waiting;
  const ended = container.state?.terminated ?? container.lastState?.terminated;
  if (/ImagePull|ErrImage|InvalidImageName/.test(waiting?.reason ?? '')) return { code: 'image', detail: waiting?.message ?? waiting?.reason ?? '' };
  if (/CreateContainer|ConfigError/.test(waiting?.reason ?? '')) return { code: 'config', detail: waiting?.message ?? waiting?.reason ?? '' };
  if (ended?.reason === 'OOMKilled') return { code: 'memory', detail: `killed for its memory, ${container.restartCount ?? 0} restarts` };
  if (waiting?.reason === 'CrashLoopBackOff') return { code: 'crash', detail: `exit code ${ended?.exitCode ?? '?'}, ${container.restartCount ?? 0} restarts` };
  if (container.state?.terminated !== undefined && (ended?.exitCode ?? 0) !== 0) return { code: 'exited', detail: `exit code ${ended?.exitCode}` };
  return null;
}
