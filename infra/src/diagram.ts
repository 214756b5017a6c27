// The picture of an environment as a Mermaid graph, drawn from the values that are deployed: network policies are the arrows, pod policies the roles.
import { clusterName, type Environment } from '#environment.ts';
import { podPolicies } from '#iam/pod-policies.ts';
import type { Component } from '#k8s/labels.ts';
import { GATEWAY_SERVICE, OBSERVE_SERVICE, type PodRole } from '#k8s/names.ts';
import { networkPolicies } from '#k8s/network-policies.ts';
import { PRIVATE_CIDRS, VPC_CIDR } from '#network.ts';
import { POSTGRESQL_PORT, VALKEY_PORT } from '#versions.ts';

interface Rule {
  readonly to?: readonly { readonly podSelector?: { readonly matchLabels: Readonly<Record<string, string>> }; readonly ipBlock?: { readonly cidr: string } }[];
  readonly ports: readonly { readonly port: number }[];
}

const LABELS: Readonly<Partial<Record<Component, string>>> = {
  gateway: `LiteLLM<br/>${GATEWAY_SERVICE.name}:${GATEWAY_SERVICE.port}`,
  web: `Langfuse web<br/>${OBSERVE_SERVICE.name}:${OBSERVE_SERVICE.port}`,
  worker: 'Langfuse worker',
  clickhouse: 'ClickHouse<br/>with Keeper',
};
const PODS = Object.keys(LABELS) as PodRole[];

/** The store behind a port of the private subnets. */
const STORE_OF: Readonly<Record<number, string>> = { [POSTGRESQL_PORT]: 'aurora', [VALKEY_PORT]: 'valkey' };

/** Where a pod's rule leads: other pods by label, stores by port. The internet is drawn for the gateway alone, because only there it is the purpose. */
function targetsOf(pod: PodRole, { to, ports }: Rule): readonly string[] {
  return (to ?? []).flatMap(({ podSelector, ipBlock }) => {
    const label = podSelector?.matchLabels['app.kubernetes.io/name'];
    if (label !== undefined) return label === pod ? [] : [label];
    if (ipBlock?.cidr === PRIVATE_CIDRS[0]) return ports.flatMap(({ port }) => STORE_OF[port] ?? []);
    return ipBlock?.cidr === '0.0.0.0/0' && pod === 'gateway' ? ['models'] : [];
  });
}

/** `pod --> target` for everything that the network policies let pass. */
function arrows(environment: Environment): readonly string[] {
  const policies = networkPolicies(environment);
  return PODS.flatMap((pod) => {
    const spec = policies.find(({ metadata }) => metadata.name === pod)?.spec as { egress: readonly Rule[] } | undefined;
    const targets = new Set((spec?.egress ?? []).flatMap((rule) => targetsOf(pod, rule)));
    return [...targets].map((target) => `  ${pod} --> ${target}`);
  });
}

/** `pod -.-> bucket` for every bucket that a pod's role names. */
function grants(environment: Environment): readonly string[] {
  const policies = podPolicies(environment, { partition: 'aws', eventsBucketArn: 'events', clickhouseBucketArn: 'chdata' });
  return PODS.flatMap((pod) => {
    const named = (policies[pod]?.Statement ?? []).flatMap(({ Resource }) => Resource.map((arn) => arn.split('/')[0] as string));
    return [...new Set(named)].map((bucket) => `  ${pod} -. own role .-> ${bucket}`);
  });
}

/** The graph as text, without the fence. */
export const diagramOf = (environment: Environment): string => `graph TB
  user[User, client] --> alb
  models[Azure OpenAI and other models]
  subgraph aws [AWS ${environment.region}]
    subgraph vpc [VPC ${VPC_CIDR}]
      subgraph public [Public subnets]
        alb[Application Load Balancer]
        nat[NAT gateway]
      end
      subgraph private [Private subnets]
        subgraph eks [EKS Auto Mode ${clusterName(environment)}]
${PODS.map((pod) => `          ${pod}["${LABELS[pod]}"]`).join('\n')}
        end
        aurora[(Aurora PostgreSQL<br/>databases litellm, langfuse)]
        valkey[(Valkey, noeviction)]
      end
    end
    events[(S3 bucket: events)]
    chdata[(S3 bucket: ClickHouse)]
    secrets[Secrets Manager]
  end
  alb --> gateway
  alb --> web
${[...arrows(environment), ...grants(environment)].join('\n')}
`;
