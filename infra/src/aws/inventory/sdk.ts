// The inventory by asking every service; a service that refuses makes the findings incomplete instead of empty.
import type { AwsClients } from '#aws/clients.ts';
import { answerOf, CloudError, cloudErrorOf } from '#aws/error.ts';
import { balancingKinds } from './balancing.ts';
import { cacheKinds } from './cache.ts';
import { computeKinds } from './compute.ts';
import { databaseKinds } from './database.ts';
import { identityKinds } from './identity.ts';
import { ITEM_KINDS, type Item } from './item.ts';
import type { Kind } from './kind.ts';
import { networkKinds } from './network.ts';
import type { Findings, InventoryPort } from './port.ts';
import type { Scope } from './scope.ts';
import { storageKinds } from './storage.ts';

const KINDS: readonly Kind[] = [...storageKinds, ...computeKinds, ...networkKinds, ...balancingKinds, ...databaseKinds, ...cacheKinds, ...identityKinds];

/** @param kinds the kinds to look for; all by default. */
export function sdkInventory(clients: AwsClients, kinds: readonly Kind[] = KINDS): InventoryPort {
  return {
    find: async (scope) => {
      const answers = await Promise.all(kinds.map(async (kind) => await findOne(clients, kind, scope)));
      const items = answers.flatMap((answer) => answer.items);
      const rank = (found: Item): number => ITEM_KINDS.indexOf(found.kind);
      return { items: items.toSorted((first, second) => rank(first) - rank(second)), unreadable: answers.flatMap((answer) => answer.unreadable) };
    },
    remove: async (item) => {
      const kind = kinds.find((candidate) => candidate.kind === item.kind);
      if (kind?.remove === undefined) throw new CloudError('invalid', `${item.id} is of a kind that is only listed: remove it in the console of its service`);
      try {
        await kind.remove(clients, item);
      } catch (error) {
        const translated = cloudErrorOf(error);
        if (!(translated instanceof CloudError) || translated.code !== 'not-found') throw translated;
      }
    },
    mark: async (item, tags) => {
      const kind = kinds.find((candidate) => candidate.kind === item.kind);
      if (kind?.mark === undefined) throw new CloudError('invalid', `${item.kind} ${item.id} is of a kind that is never kept`);
      await answerOf(kind.mark(clients, item, tags));
    },
  };
}

async function findOne(clients: AwsClients, kind: Kind, scope: Scope): Promise<Findings> {
  try {
    return { items: await kind.find(clients, scope), unreadable: [] };
  } catch (error) {
    const translated = cloudErrorOf(error);
    // A throttled or refused connection is for the caller's patience; a refusal is a finding.
    if (translated instanceof CloudError && ['denied', 'invalid', 'other', 'not-found'].includes(translated.code))
      return { items: [], unreadable: [{ kind: kind.kind, reason: translated.message }] };
    throw translated;
  }
}
