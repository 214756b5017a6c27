// The playground's key and way to the gateway, as the house has them: one virtual key a person and project, sealed at rest, on the list of keys like any other.
import { randomBytes } from 'node:crypto';
import type { Egress } from '#http/egress.ts';
import { mintVirtualKey } from '#identity/keys.ts';
import { type KeyStore, writeVirtualKey } from '#identity/virtual-keys.ts';
import type { Sealer } from '#lib/sealed.ts';
import type { PlaygroundPerson, PlaygroundWays } from '#observe/playground/port.ts';
import { sql } from '#stores/records/sql.ts';

export interface PlaygroundParts {
  gateway: { url: string; egress: Pick<Egress, 'fetch'> } | null;
  keyStore: KeyStore;
  sealer: Sealer;
}

/** Calls of one person under way. An administrator may set this and everything else of the key. */
const MOST_AT_ONCE = 4;

export function playgroundWays({ gateway, keyStore, sealer }: PlaygroundParts): PlaygroundWays {
  return {
    keyOf: (person) => keyOf(keyStore, sealer, person),
    chat:
      gateway === null
        ? null
        : async ({ key, body, signal }) =>
            await gateway.egress.fetch(`${gateway.url.replace(/\/+$/, '')}/v1/chat/completions`, {
              method: 'POST',
              headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', accept: 'text/event-stream' },
              body,
              signal,
            }),
  };
}

const purpose = ({ projectId, userId }: PlaygroundPerson): string => `playground:${projectId}:${userId}`;

/** A key that somebody deleted is made anew; to stop a person, block the key. @throws AppError 500 when another instance secret sealed it. */
async function keyOf(keyStore: KeyStore, sealer: Sealer, person: PlaygroundPerson): Promise<string> {
  const known = await sealedKey(keyStore.records, person);
  if (known !== null) return sealer.open(known, purpose(person));
  const { key, hash, name } = mintVirtualKey();
  const sealed = sealer.seal(key, purpose(person));
  const other = await keyStore.records.transaction(async (session) => {
    await session.query(sql`SELECT pg_advisory_xact_lock(hashtext(${purpose(person)}))`);
    const made = await sealedKey(session, person);
    if (made !== null) return made;
    await writeVirtualKey(session, {
      id: hash,
      name,
      organizationId: person.organizationId,
      projectId: person.projectId,
      userId: person.userId,
      alias: `playground-${person.name}-${randomBytes(3).toString('hex')}`,
      maxParallelRequests: MOST_AT_ONCE,
      metadata: { purpose: 'playground' },
      createdBy: person.userId,
    });
    await session.query(sql`
      INSERT INTO playground_keys (project_id, user_id, key_id, sealed_key) VALUES (${person.projectId}, ${person.userId}, ${hash}, ${sealed})
      ON CONFLICT (project_id, user_id) DO UPDATE SET key_id = EXCLUDED.key_id, sealed_key = EXCLUDED.sealed_key, created_at = now()`);
    return null;
  });
  if (other !== null) return sealer.open(other, purpose(person));
  await keyStore.changed(hash);
  return key;
}

async function sealedKey(session: Pick<KeyStore['records'], 'query'>, { projectId, userId }: PlaygroundPerson): Promise<string | null> {
  const [row] = await session.query<{ sealed_key: string }>(sql`
    SELECT p.sealed_key FROM playground_keys p JOIN virtual_keys k ON k.id = p.key_id WHERE p.project_id = ${projectId} AND p.user_id = ${userId}`);
  return row?.sealed_key ?? null;
}
