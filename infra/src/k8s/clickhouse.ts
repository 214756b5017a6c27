// ClickHouse with Keeper inside: one StatefulSet, complete in its first apply.
import type { Environment } from '#environment.ts';
import { IMAGES } from '#images.ts';
import type { StackOutputs } from '#outputs.ts';
import { CLUSTER_NAMES } from './base.ts';
import { CLICKHOUSE_DATA, clickhouseConfig, clickhouseUsers } from './clickhouse-config.ts';
import { CLICKHOUSE_PORTS } from './clickhouse-ports.ts';
import { metadataOf, selectorOf, service } from './labels.ts';
import { SERVICE_ACCOUNTS } from './names.ts';
import type { KubernetesObject } from './object.ts';
import { configAnnotation, configFile, httpProbe, podTemplate, scratch } from './pods.ts';
import { RESOURCES } from './resources.ts';

/** The Secret with CLICKHOUSE_PASSWORD. */
export const CLICKHOUSE_SECRET = 'clickhouse-env';
/** The name that Langfuse connects to. */
export const CLICKHOUSE_SERVICE = 'clickhouse';

const CONFIG_MAP = 'clickhouse-config';
/** Of the image. */
const CLICKHOUSE_UID = 101;

function statefulSet(environment: Environment, configuration: readonly string[]): KubernetesObject {
  const { http, native, interserver, keeper } = CLICKHOUSE_PORTS;
  const template = podTemplate({
    component: 'clickhouse',
    image: IMAGES.clickhouse,
    architectures: IMAGES.clickhouse.architectures,
    serviceAccount: SERVICE_ACCOUNTS.clickhouse,
    userId: CLICKHOUSE_UID,
    readOnlyRoot: true,
    resources: RESOURCES.clickhouse,
    onDemand: true,
    terminationGracePeriodSeconds: 60,
    // The image's own entry point writes users and folders below /etc; everything that it would write is configured here.
    command: ['clickhouse-server', '--config-file=/etc/clickhouse-server/config.xml'],
    secrets: [CLICKHOUSE_SECRET],
    ports: { http, native, interserver, keeper },
    annotations: { ...configAnnotation(configuration), 'karpenter.sh/do-not-disrupt': 'true' },
    probes: {
      startupProbe: httpProbe('/ping', http, { periodSeconds: 5, failureThreshold: 60 }),
      readinessProbe: httpProbe('/ping', http, { periodSeconds: 10, failureThreshold: 3 }),
      livenessProbe: httpProbe('/ping', http, { periodSeconds: 20, failureThreshold: 6 }),
    },
    mounts: [
      { name: 'data', path: CLICKHOUSE_DATA },
      configFile('config', CONFIG_MAP, '/etc/clickhouse-server/config.d/platform.xml', 'platform.xml'),
      configFile('users', CONFIG_MAP, '/etc/clickhouse-server/users.d/platform.xml', 'users.xml'),
      scratch('logs', '/var/log/clickhouse-server'),
      scratch('tmp', '/tmp'),
    ],
  });
  const fate = environment.keepData.volumes ? 'Retain' : 'Delete';
  return {
    apiVersion: 'apps/v1',
    kind: 'StatefulSet',
    metadata: metadataOf('clickhouse', 'clickhouse'),
    spec: {
      serviceName: 'clickhouse-headless',
      replicas: 1,
      podManagementPolicy: 'OrderedReady',
      revisionHistoryLimit: 2,
      selector: { matchLabels: selectorOf('clickhouse') },
      persistentVolumeClaimRetentionPolicy: { whenDeleted: fate, whenScaled: 'Retain' },
      template,
      volumeClaimTemplates: [
        {
          apiVersion: 'v1',
          kind: 'PersistentVolumeClaim',
          metadata: { name: 'data' },
          spec: {
            accessModes: ['ReadWriteOnce'],
            storageClassName: CLUSTER_NAMES.storageClass,
            volumeMode: 'Filesystem',
            resources: { requests: { storage: `${environment.sizes.clickhouseVolumeGib}Gi` } },
          },
        },
      ],
    },
  };
}

/** The wave's objects. */
export function clickhouseObjects(environment: Environment, outputs: StackOutputs): readonly KubernetesObject[] {
  const cacheGib = Math.max(1, Math.floor(environment.sizes.clickhouseVolumeGib / 4));
  const config = clickhouseConfig({ bucket: outputs.clickhouseBucket, region: environment.region, cacheGib });
  return [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: metadataOf('clickhouse', CONFIG_MAP), data: { 'platform.xml': config, 'users.xml': clickhouseUsers } },
    service('clickhouse', CLICKHOUSE_SERVICE, [
      { name: 'http', port: CLICKHOUSE_PORTS.http },
      { name: 'native', port: CLICKHOUSE_PORTS.native },
    ]),
    service('clickhouse', 'clickhouse-headless', [{ name: 'interserver', port: CLICKHOUSE_PORTS.interserver }], true),
    statefulSet(environment, [config, clickhouseUsers]),
  ];
}
