// The labels by which objects belong together.
import { NAMESPACE } from './names.ts';
import type { KubernetesObject, ObjectMetadata } from './object.ts';

/** A part of the platform inside the cluster. */
export type Component = 'gateway' | 'web' | 'worker' | 'clickhouse' | 'database-bootstrap' | 'gateway-migration' | 'observe-migration' | 'base';

/** Who applies the objects: also the field manager of server-side apply. */
export const FIELD_MANAGER = 'genai-platform';

/** The label that selects a component's pods; never changed, because selectors are immutable. */
export const selectorOf = (component: Component): Readonly<Record<string, string>> => ({ 'app.kubernetes.io/name': component });

/** Labels of an object of a component. */
export const labelsOf = (component: Component): Readonly<Record<string, string>> => ({
  ...selectorOf(component),
  'app.kubernetes.io/part-of': 'genai-platform',
  'app.kubernetes.io/managed-by': FIELD_MANAGER,
});

/** Metadata of an object inside the platform's namespace. */
export const metadataOf = (component: Component, name: string, annotations?: Readonly<Record<string, string>>): ObjectMetadata => ({
  name,
  namespace: NAMESPACE,
  labels: labelsOf(component),
  ...(annotations === undefined ? {} : { annotations }),
});

/** A service inside the cluster. */
export const service = (
  component: Component,
  name: string,
  ports: readonly { readonly name: string; readonly port: number }[],
  headless = false,
): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadataOf(component, name),
  spec: {
    type: 'ClusterIP',
    ...(headless ? { clusterIP: 'None', publishNotReadyAddresses: true } : {}),
    selector: selectorOf(component),
    ports: ports.map(({ name: portName, port }) => ({ name: portName, port, targetPort: port, protocol: 'TCP' })),
  },
});

/** A service account; pods mount its Kubernetes token never: Pod Identity brings its own. */
export const serviceAccount = (component: Component, name: string): KubernetesObject => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: metadataOf(component, name),
  automountServiceAccountToken: false,
});
