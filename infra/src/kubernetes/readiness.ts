// Is an object ready? Pure rules over what the server says of it.
import type { ReadyCondition } from '#k8s/waves.ts';
import type { ServerObject } from './port.ts';

export interface Readiness {
  state: 'ready' | 'waiting' | 'failed';
  /** What it waits for, for a person: "1 of 2 replicas ready". */
  detail: string;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}

interface Status {
  observedGeneration?: number;
  replicas?: number;
  updatedReplicas?: number;
  readyReplicas?: number;
  availableReplicas?: number;
  currentRevision?: string;
  updateRevision?: string;
  conditions?: Condition[];
  loadBalancer?: { ingress?: { hostname?: string }[] };
}

const ready = (detail = ''): Readiness => ({ state: 'ready', detail });
const waiting = (detail: string): Readiness => ({ state: 'waiting', detail });

/** @param object null = the server has none yet. */
export function readinessOf(condition: ReadyCondition, object: ServerObject | null): Readiness {
  if (object === null) return waiting('not there yet');
  const status = (object.status ?? {}) as Status;
  const has = (type: string): Condition | undefined => status.conditions?.find((entry) => entry.type === type && entry.status === 'True');
  switch (condition) {
    case 'applied':
      return ready();
    case 'rolled-out':
      return rolledOut(object, status);
    case 'complete': {
      const failed = has('Failed');
      if (failed !== undefined) return { state: 'failed', detail: failed.message ?? failed.reason ?? 'failed' };
      return has('Complete') === undefined ? waiting('running') : ready();
    }
    case 'has-address': {
      const hostname = status.loadBalancer?.ingress?.[0]?.hostname;
      return hostname ? ready(hostname) : waiting('no address yet');
    }
    case 'ready': {
      if (has('Ready') !== undefined) return ready();
      const entry = status.conditions?.find(({ type }) => type === 'Ready');
      return waiting(entry?.message ?? entry?.reason ?? 'no condition Ready yet');
    }
  }
}

function rolledOut(object: ServerObject, status: Status): Readiness {
  const wanted = Number((object.spec as { replicas?: number } | undefined)?.replicas ?? 1);
  if ((status.observedGeneration ?? 0) < (object.metadata.generation ?? 0)) return waiting('not looked at yet');
  const stalled = status.conditions?.find(({ type, status: is, reason }) => type === 'Progressing' && is === 'False' && reason === 'ProgressDeadlineExceeded');
  if (stalled !== undefined) return { state: 'failed', detail: stalled.message ?? 'no progress' };
  const updated = status.updatedReplicas ?? 0;
  const readyNow = status.readyReplicas ?? 0;
  const old = object.kind === 'StatefulSet' ? status.currentRevision !== status.updateRevision && updated < wanted : (status.replicas ?? 0) > updated;
  if (updated < wanted || readyNow < wanted || old) return waiting(`${Math.min(updated, readyNow)} of ${wanted} replicas ready`);
  return ready();
}
