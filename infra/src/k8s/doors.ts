// The two services that clients, load balancer and products speak to. They exist before any pod, and before an Ingress, which is given no load balancer while its service is missing.
import { service } from './labels.ts';
import { GATEWAY_SERVICE, OBSERVE_SERVICE } from './names.ts';
import type { KubernetesObject } from './object.ts';

/** Equal in every combination of products. */
export const doorServices = (): readonly KubernetesObject[] => [
  service('gateway', GATEWAY_SERVICE.name, [{ name: 'http', port: GATEWAY_SERVICE.port }]),
  service('web', OBSERVE_SERVICE.name, [{ name: 'http', port: OBSERVE_SERVICE.port }]),
];
