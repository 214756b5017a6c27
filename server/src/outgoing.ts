// The ways out of the house beside the data plane: to addresses that people gave, guarded; to the platform's own gateway; and how a model is asked over both.
import { randomBytes } from 'node:crypto';
import { createEgress, type Egress } from '#http/egress.ts';
import { mintVirtualKey } from '#identity/keys.ts';
import { insertVirtualKey, type KeyStore } from '#identity/virtual-keys.ts';
import type { Sealer } from '#lib/sealed.ts';
import { type AskModel, createAskModel } from '#observe/llm-connections/chat.ts';
import { type ConnectionDirectory, createConnectionDirectory } from '#observe/llm-connections/directory.ts';
import type { PlaygroundWays } from '#observe/playground/port.ts';
import type { Settings } from '#settings/settings.ts';
import { playgroundWays } from './playground-ways.ts';

export interface Outgoing {
  egress: Egress;
  sealer: Sealer;
  askModel: AskModel;
  connections: ConnectionDirectory;
  playground: PlaygroundWays;
  close(): Promise<void>;
}

export interface OutgoingParts {
  settings: Pick<Settings, 'egressAllow' | 'gatewayUrl' | 'role' | 'network'>;
  /** This process's own gateway door; '' when it has none. */
  gatewayDoor: string;
  keyStore: KeyStore;
  sealer: Sealer;
}

export function openOutgoing({ settings, gatewayDoor, keyStore, sealer }: OutgoingParts): Outgoing {
  const egress = createEgress({ allow: settings.egressAllow, network: settings.network });
  const url = settings.gatewayUrl ?? (settings.role === 'all' ? gatewayDoor : '');
  const gateway = url === '' ? null : { url, egress: createEgress({ allow: [new URL(url).hostname.replace(/^\[|\]$/g, '')] }) };
  return {
    egress,
    sealer,
    askModel: createAskModel({ egress, gateway }),
    playground: playgroundWays({ gateway, keyStore, sealer }),
    connections: createConnectionDirectory({
      records: keyStore.records,
      sealer,
      mintGatewayKey: gateway === null ? null : (project) => mintFor(keyStore, project),
    }),
    async close() {
      await Promise.all([egress.close(), gateway?.egress.close()]);
    },
  };
}

/** A key of its own, so that what judging costs is seen, limited and stopped like any other spend. */
async function mintFor(keyStore: KeyStore, project: { id: string; organizationId: string }): Promise<string> {
  const { key, hash, name } = mintVirtualKey();
  await insertVirtualKey(keyStore, {
    id: hash,
    name,
    organizationId: project.organizationId,
    projectId: project.id,
    alias: `evaluation-${project.id}-${randomBytes(3).toString('hex')}`,
    metadata: { purpose: 'evaluation' },
    createdBy: 'evaluation',
  });
  return key;
}
