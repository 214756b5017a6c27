// Who may speak to whom, asked as questions.
import { describe, expect, it } from 'vitest';
import { sampleEnvironment } from '#sample-fixture.ts';
import type { Component } from './labels.ts';
import { networkPolicies } from './network-policies.ts';
import type { KubernetesObject } from './object.ts';

interface Side {
  from?: Peer[];
  to?: Peer[];
  ports: { port: number; protocol: string }[];
}
interface Peer {
  podSelector?: { matchLabels: Record<string, string> };
  ipBlock?: { cidr: string; except?: string[] };
}
interface Policy extends KubernetesObject {
  spec: { podSelector: { matchLabels?: Record<string, string> }; policyTypes: string[]; ingress?: Side[]; egress?: Side[] };
}
const policies = networkPolicies(sampleEnvironment()) as unknown as Policy[];
const LABEL = 'app.kubernetes.io/name';
const COMPONENTS: Component[] = ['gateway', 'web', 'worker', 'clickhouse', 'database-bootstrap', 'gateway-migration', 'observe-migration'];

const policyOf = (component: Component): Policy => policies.find(({ spec }) => spec.podSelector.matchLabels?.[LABEL] === component) as Policy;
const names = (side: Side, key: 'from' | 'to', component: Component): boolean =>
  (side[key] ?? []).some(({ podSelector }) => podSelector?.matchLabels[LABEL] === component);
/** A connection needs both sides: the sender's egress and the receiver's ingress. */
const may = (from: Component, to: Component, port: number): boolean =>
  (policyOf(from).spec.egress ?? []).some((side) => names(side, 'to', to) && side.ports.some((entry) => entry.port === port)) &&
  (policyOf(to).spec.ingress ?? []).some((side) => names(side, 'from', from) && side.ports.some((entry) => entry.port === port));

describe('the network policies', () => {
  it('deny everything that no rule names, in both directions', () => {
    const denial = policies.find(({ metadata }) => metadata.name === 'default-deny');
    expect(denial?.spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
    for (const component of COMPONENTS) expect([component, policyOf(component).spec.policyTypes]).toEqual([component, ['Ingress', 'Egress']]);
  });

  it.each([
    ['gateway', 'web', 3000],
    ['worker', 'clickhouse', 8123],
    ['web', 'clickhouse', 8123],
    ['observe-migration', 'clickhouse', 9000],
    ['worker', 'gateway', 4000],
  ] as const)('let %s speak to %s on %i', (from, to, port) => expect(may(from, to, port)).toBe(true));

  it.each([
    ['gateway', 'clickhouse', 8123],
    ['gateway', 'clickhouse', 9000],
    ['gateway', 'worker', 3030],
    ['clickhouse', 'web', 3000],
    ['clickhouse', 'gateway', 4000],
    ['gateway-migration', 'clickhouse', 9000],
    ['database-bootstrap', 'web', 3000],
  ] as const)('do not let %s speak to %s on %i', (from, to, port) => expect(may(from, to, port)).toBe(false));

  it('open only the two doors to the load balancer', () => {
    const open = COMPONENTS.flatMap((component) =>
      (policyOf(component).spec.ingress ?? [])
        .filter(({ from }) => (from ?? []).some(({ ipBlock }) => ipBlock !== undefined))
        .map(({ ports }) => `${component} ${ports[0]?.port}`),
    );
    expect(open).toEqual(['gateway 4000', 'web 3000']);
  });

  it('never open the network of the stores or the link-local addresses together with the internet', () => {
    for (const { spec } of policies) {
      for (const { to } of spec.egress ?? []) {
        for (const { ipBlock } of to ?? []) if (ipBlock?.cidr === '0.0.0.0/0') expect(ipBlock.except).toEqual(['10.0.0.0/16', '169.254.0.0/16']);
      }
    }
  });

  it('give Jobs no way to the internet and no credentials', () => {
    for (const component of ['database-bootstrap', 'gateway-migration', 'observe-migration'] as const) {
      const cidrs = (policyOf(component).spec.egress ?? []).flatMap(({ to }) =>
        (to ?? []).flatMap(({ ipBlock }) => (ipBlock === undefined ? [] : [ipBlock.cidr])),
      );
      expect(cidrs.filter((cidr) => !cidr.startsWith('10.0.'))).toEqual([]);
    }
  });
});
