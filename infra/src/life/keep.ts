// What is kept on purpose: marks on things that survive `down`, and the volumes that the next `up` binds again.
import type { Item } from '#aws/inventory/item.ts';
import type { KubernetesObject } from '#k8s/object.ts';
import type { Wave } from '#k8s/waves.ts';
import type { KubernetesPort } from '#kubernetes/port.ts';

/** `data` = kept by `down --keep-data` until a `down` without it; `backup` = a bucket of saved backups, never removed with an environment. */
export const KEEP_TAG = 'genai:keep';

export const isKept = (item: Item, kinds: readonly string[]): boolean => kinds.includes(item.tags[KEEP_TAG] ?? '');

const CLAIM_NAME = 'kubernetes.io/created-for/pvc/name';
const CLAIM_NAMESPACE = 'kubernetes.io/created-for/pvc/namespace';
const DRIVER = 'ebs.csi.eks.amazonaws.com';

interface ClaimTemplate {
  metadata?: { name?: string };
  spec?: { storageClassName?: string; accessModes?: string[] };
}

/** PersistentVolumes for kept volumes, bound to the claims that the wave's StatefulSets will make; none for volumes that no claim waits for. */
export function volumesFor(wave: Wave, volumes: readonly Item[]): KubernetesObject[] {
  return volumes.flatMap((volume) => {
    const claim = claimOf(wave, volume.tags[CLAIM_NAME] ?? '', volume.tags[CLAIM_NAMESPACE] ?? '');
    return claim === null || volume.zone === null ? [] : [persistentVolume(volume, claim)];
  });
}

interface Claim {
  name: string;
  namespace: string;
  storageClassName: string;
  accessModes: string[];
}

function claimOf(wave: Wave, name: string, namespace: string): Claim | null {
  for (const object of wave.objects) {
    if (object.kind !== 'StatefulSet' || object.metadata.namespace !== namespace) continue;
    const templates = ((object.spec as { volumeClaimTemplates?: ClaimTemplate[] } | undefined)?.volumeClaimTemplates ?? []) as ClaimTemplate[];
    const template = templates.find((entry) => new RegExp(`^${entry.metadata?.name}-${object.metadata.name}-\\d+$`).test(name));
    if (template === undefined) continue;
    return { name, namespace, storageClassName: template.spec?.storageClassName ?? '', accessModes: template.spec?.accessModes ?? ['ReadWriteOnce'] };
  }
  return null;
}

function persistentVolume(volume: Item, claim: Claim): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: `kept-${volume.id}`, labels: { 'app.kubernetes.io/managed-by': 'genai-platform' } },
    spec: {
      capacity: { storage: `${volume.sizeGib ?? 1}Gi` },
      accessModes: claim.accessModes,
      // Once bound again it goes the way of every other volume.
      persistentVolumeReclaimPolicy: 'Delete',
      storageClassName: claim.storageClassName,
      claimRef: { apiVersion: 'v1', kind: 'PersistentVolumeClaim', name: claim.name, namespace: claim.namespace },
      csi: { driver: DRIVER, volumeHandle: volume.id, fsType: 'ext4' },
      nodeAffinity: {
        required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'topology.kubernetes.io/zone', operator: 'In', values: [volume.zone] }] }] },
      },
    },
  };
}

interface VolumeSpec {
  csi?: { volumeHandle?: string };
  persistentVolumeReclaimPolicy?: string;
}

/** Makes the volumes of all claims survive the deletion of their claims. Answers the ids of the volumes. */
export async function retainVolumes(kubernetes: KubernetesPort): Promise<string[]> {
  const ids: string[] = [];
  for (const volume of await kubernetes.list({ apiVersion: 'v1', kind: 'PersistentVolume' })) {
    const spec = volume.spec as VolumeSpec | undefined;
    if (spec?.csi?.volumeHandle === undefined) continue;
    ids.push(spec.csi.volumeHandle);
    await kubernetes.patch({ apiVersion: 'v1', kind: 'PersistentVolume', name: volume.metadata.name }, { spec: { persistentVolumeReclaimPolicy: 'Retain' } });
  }
  return ids;
}
