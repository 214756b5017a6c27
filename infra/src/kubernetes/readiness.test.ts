// When is an object ready, and why is a pod not? Over objects as an API server answers them.
import { describe, expect, it } from 'vitest';
import { troublesOf } from './diagnosis.ts';
import type { ServerObject } from './port.ts';
import { readinessOf } from './readiness.ts';

const object = (kind: string, status: unknown, spec: unknown = {}, generation = 2): ServerObject => ({
  apiVersion: 'v1',
  kind,
  metadata: { name: 'x', generation },
  spec,
  status,
});
const condition = (type: string, status: string, message = '') => ({ conditions: [{ type, status, message }] });

describe('readiness', () => {
  it('of a rollout: the newest generation, all replicas updated and ready, none of the old', () => {
    const good = { observedGeneration: 2, replicas: 2, updatedReplicas: 2, readyReplicas: 2 };
    const state = (status: unknown) => readinessOf('rolled-out', object('Deployment', status, { replicas: 2 })).state;
    expect(state(good)).toBe('ready');
    expect(state({ ...good, observedGeneration: 1 })).toBe('waiting');
    expect(state({ ...good, readyReplicas: 1 })).toBe('waiting');
    expect(state({ ...good, updatedReplicas: 1 })).toBe('waiting');
    expect(state({ ...good, replicas: 3 })).toBe('waiting');
    expect(state({ ...good, readyReplicas: 0, conditions: [{ type: 'Progressing', status: 'False', reason: 'ProgressDeadlineExceeded' }] })).toBe('failed');
    expect(readinessOf('rolled-out', null)).toEqual({ state: 'waiting', detail: 'not there yet' });
  });

  it('of a job: complete, failed with its reason, or running', () => {
    expect(readinessOf('complete', object('Job', condition('Complete', 'True'))).state).toBe('ready');
    expect(readinessOf('complete', object('Job', condition('Failed', 'True', 'backoff limit')))).toEqual({ state: 'failed', detail: 'backoff limit' });
    expect(readinessOf('complete', object('Job', { active: 1 })).state).toBe('waiting');
  });

  it('of an address and of a condition', () => {
    expect(readinessOf('has-address', object('Ingress', { loadBalancer: { ingress: [{ hostname: 'a.test' }] } }))).toEqual({
      state: 'ready',
      detail: 'a.test',
    });
    expect(readinessOf('has-address', object('Ingress', { loadBalancer: {} })).state).toBe('waiting');
    expect(readinessOf('ready', object('NodePool', condition('Ready', 'True'))).state).toBe('ready');
    expect(readinessOf('ready', object('NodeClass', condition('Ready', 'False', 'no subnet matches')))).toEqual({
      state: 'waiting',
      detail: 'no subnet matches',
    });
  });
});

const pod = (status: unknown): ServerObject => ({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web-1' }, status });
const event = (reason: string, message: string): ServerObject =>
  ({ apiVersion: 'v1', kind: 'Event', metadata: { name: 'e' }, type: 'Warning', reason, message, involvedObject: { name: 'web-1' } }) as ServerObject;
const container = (more: object) => ({ phase: 'Running', containerStatuses: [{ name: 'main', ready: false, restartCount: 4, ...more }] });

describe('diagnosis', () => {
  const cases: [string, ServerObject, ServerObject[], string][] = [
    ['an image that cannot be pulled', pod(container({ state: { waiting: { reason: 'ImagePullBackOff', message: 'not found' } } })), [], 'image: not found'],
    [
      'a missing secret',
      pod(container({ state: { waiting: { reason: 'CreateContainerConfigError', message: 'secret "x" not found' } } })),
      [],
      'config: secret "x" not found',
    ],
    [
      'too little memory',
      pod(container({ lastState: { terminated: { reason: 'OOMKilled', exitCode: 137 } } })),
      [],
      'memory: killed for its memory, 4 restarts',
    ],
    [
      'a crash loop',
      pod(container({ state: { waiting: { reason: 'CrashLoopBackOff' } }, lastState: { terminated: { exitCode: 1 } } })),
      [],
      'crash: exit code 1, 4 restarts',
    ],
    [
      'an end with an error',
      pod({ phase: 'Failed', containerStatuses: [{ name: 'main', state: { terminated: { exitCode: 3 } } }] }),
      [],
      'exited: exit code 3',
    ],
    [
      'no node',
      pod({ phase: 'Pending', conditions: [{ type: 'PodScheduled', status: 'False', message: '0/0 nodes are available' }] }),
      [],
      'no-node: 0/0 nodes are available',
    ],
    ['a volume', pod({ phase: 'Pending' }), [event('FailedAttachVolume', 'volume is in another zone')], 'volume: volume is in another zone'],
    ['a health check', pod(container({ state: { running: {} } })), [event('Unhealthy', 'Readiness probe failed: 503')], 'probe: Readiness probe failed: 503'],
  ];
  for (const [name, subject, events, wanted] of cases) {
    it(`names ${name}`, () => expect(troublesOf([subject], events).map(({ code, detail }) => `${code}: ${detail}`)).toEqual([wanted]));
  }

  it('says nothing about a pod that is well, or still on its way', () => {
    const well = pod({ phase: 'Running', containerStatuses: [{ name: 'main', ready: true, state: { running: {} } }] });
    expect(troublesOf([well], [event('Unhealthy', 'earlier')])).toEqual([]);
    expect(troublesOf([pod({ phase: 'Pending' }), pod({ phase: 'Succeeded' })], [])).toEqual([]);
  });
});
