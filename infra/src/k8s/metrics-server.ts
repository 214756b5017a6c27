// The Kubernetes metrics server: EKS Auto Mode does not bring one, and horizontal autoscaling measures nothing without it.
// As objects and not as an EKS add-on, because an add-on waits for nodes that only the first wave allows.
import { IMAGES } from '#images.ts';
import { FIELD_MANAGER } from './labels.ts';
import type { KubernetesObject } from './object.ts';
import { httpProbe, podTemplate, scratch } from './pods.ts';
import { RESOURCES } from './resources.ts';

const NAME = 'metrics-server';
const NAMESPACE = 'kube-system';
const PORT = 10_250;
const selector = { 'app.kubernetes.io/name': NAME };
const labels = { ...selector, 'app.kubernetes.io/part-of': 'genai-platform', 'app.kubernetes.io/managed-by': FIELD_MANAGER };
const metadata = (name: string, namespaced: boolean) => ({ name, ...(namespaced ? { namespace: NAMESPACE } : {}), labels });
const subject = { kind: 'ServiceAccount', name: NAME, namespace: NAMESPACE };
const rbac = 'rbac.authorization.k8s.io/v1';
const role = (kind: 'ClusterRole' | 'Role', name: string) => ({ apiGroup: 'rbac.authorization.k8s.io', kind, name });

function server(): KubernetesObject {
  const template = podTemplate({
    component: 'base',
    image: IMAGES.metricsServer,
    architectures: IMAGES.metricsServer.architectures,
    serviceAccount: NAME,
    userId: 65_534,
    readOnlyRoot: true,
    resources: RESOURCES.metricsServer,
    args: [
      '--cert-dir=/tmp',
      `--secure-port=${PORT}`,
      '--kubelet-preferred-address-types=InternalIP,ExternalIP,Hostname',
      '--kubelet-use-node-status-port',
      '--metric-resolution=15s',
    ],
    ports: { https: PORT },
    probes: {
      startupProbe: { ...httpProbe('/livez', PORT, { periodSeconds: 5, failureThreshold: 30 }), httpGet: { path: '/livez', port: PORT, scheme: 'HTTPS' } },
      readinessProbe: { ...httpProbe('/readyz', PORT, { periodSeconds: 10, failureThreshold: 3 }), httpGet: { path: '/readyz', port: PORT, scheme: 'HTTPS' } },
      livenessProbe: { ...httpProbe('/livez', PORT, { periodSeconds: 10, failureThreshold: 3 }), httpGet: { path: '/livez', port: PORT, scheme: 'HTTPS' } },
    },
    mounts: [scratch('tmp', '/tmp')],
  });
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: metadata(NAME, true),
    spec: {
      replicas: 1,
      revisionHistoryLimit: 2,
      selector: { matchLabels: selector },
      template: {
        metadata: { labels },
        // It asks the Kubernetes API, so that it alone of our pods gets a token.
        spec: { ...template.spec, automountServiceAccountToken: true, priorityClassName: 'system-cluster-critical', topologySpreadConstraints: [] },
      },
    },
  };
}

/** Everything that the metrics server is. Contract: its published `components.yaml`. */
export const metricsServer = (): readonly KubernetesObject[] => [
  { apiVersion: 'v1', kind: 'ServiceAccount', metadata: metadata(NAME, true) },
  {
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: metadata(`system:${NAME}`, false),
    rules: [
      { apiGroups: [''], resources: ['nodes/metrics'], verbs: ['get'] },
      { apiGroups: [''], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] },
    ],
  },
  {
    apiVersion: rbac,
    kind: 'ClusterRole',
    metadata: { ...metadata('system:aggregated-metrics-reader', false), labels: { ...labels, 'rbac.authorization.k8s.io/aggregate-to-view': 'true' } },
    rules: [{ apiGroups: ['metrics.k8s.io'], resources: ['pods', 'nodes'], verbs: ['get', 'list', 'watch'] }],
  },
  {
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    metadata: metadata(`system:${NAME}`, false),
    roleRef: role('ClusterRole', `system:${NAME}`),
    subjects: [subject],
  },
  {
    apiVersion: rbac,
    kind: 'ClusterRoleBinding',
    metadata: metadata(`${NAME}:system:auth-delegator`, false),
    roleRef: role('ClusterRole', 'system:auth-delegator'),
    subjects: [subject],
  },
  {
    apiVersion: rbac,
    kind: 'RoleBinding',
    metadata: metadata(`${NAME}-auth-reader`, true),
    roleRef: role('Role', 'extension-apiserver-authentication-reader'),
    subjects: [subject],
  },
  {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadata(NAME, true),
    spec: { type: 'ClusterIP', selector, ports: [{ name: 'https', port: 443, targetPort: PORT, protocol: 'TCP' }] },
  },
  server(),
  {
    apiVersion: 'apiregistration.k8s.io/v1',
    kind: 'APIService',
    metadata: metadata('v1beta1.metrics.k8s.io', false),
    spec: {
      group: 'metrics.k8s.io',
      version: 'v1beta1',
      groupPriorityMinimum: 100,
      versionPriority: 100,
      insecureSkipTLSVerify: true,
      service: { name: NAME, namespace: NAMESPACE, port: 443 },
    },
  },
];
