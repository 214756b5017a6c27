// The first wave: namespace, nodes, storage, who may speak to whom, and the two services.
import { type Environment, environmentTags } from '#environment.ts';
import type { StackOutputs } from '#outputs.ts';
import { doorServices } from './doors.ts';
import { labelsOf, serviceAccount } from './labels.ts';
import { NAMESPACE, SERVICE_ACCOUNTS } from './names.ts';
import { networkPolicies } from './network-policies.ts';
import type { KubernetesObject } from './object.ts';

/** Names of what the cluster has once. */
export const CLUSTER_NAMES = { nodeClass: 'genai', nodePool: 'genai', storageClass: 'genai-gp3' } as const;

/** The account of Jobs that need no AWS. */
export const JOB_SERVICE_ACCOUNT = 'jobs';

const namespace: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: NAMESPACE,
    labels: { ...labelsOf('base'), 'pod-security.kubernetes.io/enforce': 'restricted', 'pod-security.kubernetes.io/warn': 'restricted' },
  },
};

/** Without this ConfigMap EKS Auto Mode ignores every NetworkPolicy. */
const networkPolicySwitch: KubernetesObject = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: { name: 'amazon-vpc-cni', namespace: 'kube-system', labels: labelsOf('base') },
  data: { 'enable-network-policy-controller': 'true' },
};

/** Our own class: EKS takes back every change of its `default` one. The tags reach instances, their disks and network interfaces. */
const nodeClass = (environment: Environment, outputs: StackOutputs): KubernetesObject => ({
  apiVersion: 'eks.amazonaws.com/v1',
  kind: 'NodeClass',
  metadata: { name: CLUSTER_NAMES.nodeClass, labels: labelsOf('base') },
  spec: {
    role: outputs.nodeRoleName,
    subnetSelectorTerms: outputs.privateSubnetIds.map((id) => ({ id })),
    securityGroupSelectorTerms: [{ id: outputs.clusterSecurityGroupId }],
    networkPolicy: 'DefaultAllow',
    networkPolicyEventLogs: 'Disabled',
    ephemeralStorage: { size: '40Gi' },
    tags: environmentTags(environment),
  },
});

const requirement = (key: string, operator: 'In' | 'Gt', values: readonly string[]) => ({ key, operator, values });

/** Graviton of the newer generations, two to eight processors; stateless pods take spot where there is any. `limits` is the last bound on what nodes can cost. */
const nodePool: KubernetesObject = {
  apiVersion: 'karpenter.sh/v1',
  kind: 'NodePool',
  metadata: { name: CLUSTER_NAMES.nodePool, labels: labelsOf('base') },
  spec: {
    template: {
      metadata: { labels: { 'app.kubernetes.io/part-of': 'genai-platform' } },
      spec: {
        nodeClassRef: { group: 'eks.amazonaws.com', kind: 'NodeClass', name: CLUSTER_NAMES.nodeClass },
        requirements: [
          requirement('kubernetes.io/arch', 'In', ['arm64']),
          requirement('kubernetes.io/os', 'In', ['linux']),
          requirement('karpenter.sh/capacity-type', 'In', ['spot', 'on-demand']),
          requirement('eks.amazonaws.com/instance-category', 'In', ['c', 'm', 'r']),
          requirement('eks.amazonaws.com/instance-generation', 'Gt', ['5']),
          requirement('eks.amazonaws.com/instance-cpu', 'In', ['2', '4', '8']),
        ],
        expireAfter: '336h',
        terminationGracePeriod: '1h',
      },
    },
    limits: { cpu: '24', memory: '96Gi' },
    disruption: { consolidationPolicy: 'WhenEmptyOrUnderutilized', consolidateAfter: '5m', budgets: [{ nodes: '1' }] },
  },
};

/** Parameters of a StorageClass are immutable; the tag specifications make volumes findable by a sweep. */
const storageClass = (environment: Environment): KubernetesObject => ({
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: CLUSTER_NAMES.storageClass, labels: labelsOf('base') },
  provisioner: 'ebs.csi.eks.amazonaws.com',
  volumeBindingMode: 'WaitForFirstConsumer',
  reclaimPolicy: environment.keepData.volumes ? 'Retain' : 'Delete',
  allowVolumeExpansion: true,
  parameters: {
    type: 'gp3',
    encrypted: 'true',
    ...Object.fromEntries(Object.entries(environmentTags(environment)).map(([key, value], index) => [`tagSpecification_${index + 1}`, `${key}=${value}`])),
  },
});

/** The wave's objects; namespace first. */
export const baseObjects = (environment: Environment, outputs: StackOutputs): readonly KubernetesObject[] => [
  namespace,
  networkPolicySwitch,
  nodeClass(environment, outputs),
  nodePool,
  storageClass(environment),
  ...networkPolicies(environment),
  serviceAccount('gateway', SERVICE_ACCOUNTS.gateway),
  serviceAccount('web', SERVICE_ACCOUNTS.web),
  serviceAccount('worker', SERVICE_ACCOUNTS.worker),
  serviceAccount('clickhouse', SERVICE_ACCOUNTS.clickhouse),
  serviceAccount('base', JOB_SERVICE_ACCOUNT),
  ...doorServices(),
];
