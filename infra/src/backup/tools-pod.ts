// A pod with PostgreSQL's own tools beside the databases, for as long as a backup or a restore takes.
import { IMAGES } from '#images.ts';
import { JOB_SERVICE_ACCOUNT } from '#k8s/base.ts';
import { BOOTSTRAP_SECRET } from '#k8s/databases.ts';
import { NAMESPACE } from '#k8s/names.ts';
import type { KubernetesObject, ObjectReference } from '#k8s/object.ts';
import { podTemplate, scratch } from '#k8s/pods.ts';
import { RESOURCES } from '#k8s/resources.ts';
import type { StackOutputs } from '#outputs.ts';

const NAME = 'backup-tools';
/** Of the image. */
const POSTGRES_UID = 999;
/** It ends by itself when the process that started it has died. */
const MAX_SECONDS = 3600;

export const TOOLS_POD = { namespace: NAMESPACE, name: NAME, container: 'database-bootstrap' };
export const TOOLS_REFERENCE: ObjectReference = { apiVersion: 'v1', kind: 'Pod', name: NAME, namespace: NAMESPACE };

/** It has the labels of the bootstrap Job: only these pods may reach the databases as their administrator. */
export function toolsPod(outputs: StackOutputs): KubernetesObject {
  const { metadata, spec } = podTemplate({
    component: 'database-bootstrap',
    image: IMAGES.postgres,
    architectures: IMAGES.postgres.architectures,
    serviceAccount: JOB_SERVICE_ACCOUNT,
    userId: POSTGRES_UID,
    readOnlyRoot: true,
    resources: RESOURCES.job,
    command: ['sleep', String(MAX_SECONDS)],
    env: { PGHOST: outputs.databaseHost, PGPORT: String(outputs.databasePort), PGSSLMODE: 'require', PGCONNECT_TIMEOUT: '30', HOME: '/tmp' },
    secrets: [BOOTSTRAP_SECRET],
    mounts: [scratch('tmp', '/tmp')],
    restartPolicy: 'Never',
  });
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...metadata, name: NAME, namespace: NAMESPACE }, spec: { ...spec, activeDeadlineSeconds: MAX_SECONDS } };
}
