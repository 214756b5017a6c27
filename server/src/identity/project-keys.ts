// Keys at the observe door: Basic pk:sk opens the project or manages the organisation, Bearer pk of a project alone may only write scores (langfuse.md §1.0).
import { randomUUID } from 'node:crypto';
import { AppError } from '#lib/errors.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { KeyCache, type KeyCacheOptions } from './key-cache.ts';
import { KEYS_CHANNEL } from './key-directory.ts';
import { displaySecretKey, hashKey, matchesHash } from './keys.ts';
import type { Principal } from './principal.ts';

interface ProjectKey {
  publicKey: string;
  secretHash: string;
  /** Null for a key of the organisation. */
  projectId: string | null;
  organizationId: string;
  expiresAtMs: number | null;
}

/** Longer Authorization headers are not keys; nothing is decoded for them. */
const LONGEST_HEADER = 2_048;
/** What a public key may look like: the database is asked for nothing else, and the cache holds nothing larger. */
const PUBLIC_KEY = /^[\x21-\x39\x3b-\x7e]{1,256}$/;

export interface ProjectKeyDirectory {
  /**
   * The principal of an Authorization header value, or null when it is no valid project key (then answer `invalidCredentials()`).
   * @throws AppError 503 when the records are away and the key is not known.
   */
  authenticate(authorization: string | null | undefined): Promise<Principal | null>;
  close(): Promise<void>;
}

/** The 401 that Langfuse's clients know. */
export function invalidCredentials(): AppError {
  return new AppError("Invalid credentials. Confirm that you've configured the correct host.", { status: 401, code: 'UnauthorizedError' });
}

/** Opens the directory and listens for changes. While the records are away known keys keep working. */
export async function openProjectKeys(records: Records, options: Omit<KeyCacheOptions<ProjectKey>, 'load'> = {}): Promise<ProjectKeyDirectory> {
  const cache = new KeyCache<ProjectKey>({ ...options, load: (publicKey) => loadProjectKey(records, publicKey) });
  const stopListening = await records.listen(
    KEYS_CHANNEL,
    (payload) => {
      if (payload.startsWith('public:')) cache.forget(payload.slice('public:'.length));
      else if (payload === '*') cache.forgetAll();
    },
    () => cache.distrustAll(),
  );
  const now = options.now ?? Date.now;
  return {
    close: stopListening,
    authenticate: async (authorization) => {
      const presented = parseAuthorization(authorization);
      if (!presented) return null;
      const known = cache.find(presented.publicKey);
      const key = known === undefined ? await cache.load(presented.publicKey) : known;
      if (!key || (key.expiresAtMs !== null && key.expiresAtMs <= now())) return null;
      if (presented.secretKey !== null && !matchesHash(presented.secretKey, key.secretHash)) return null;
      return principalOf(key, presented.secretKey === null);
    },
  };
}

/** A public key alone writes scores of its project; of an organisation it does nothing. */
function principalOf({ projectId, organizationId, publicKey }: ProjectKey, isPublicAlone: boolean): Principal | null {
  if (projectId !== null) return { kind: 'project-key', projectId, organizationId, publicKey, scope: isPublicAlone ? 'scores' : 'project' };
  return isPublicAlone ? null : { kind: 'organization-key', organizationId, publicKey };
}

/** Whether a text can be a public key (1 to 256 visible ASCII characters without a colon). */
export function isPublicKey(text: string): boolean {
  return PUBLIC_KEY.test(text);
}

/** `Basic base64(pk:sk)` or `Bearer pk`; null for anything else. */
export function parseAuthorization(authorization: string | null | undefined): { publicKey: string; secretKey: string | null } | null {
  if (!authorization || authorization.length > LONGEST_HEADER) return null;
  const match = /^(basic|bearer) +(\S+) *$/i.exec(authorization);
  if (!match) return null;
  const credentials = match[2] as string;
  if (match[1]?.toLowerCase() === 'bearer') return PUBLIC_KEY.test(credentials) ? { publicKey: credentials, secretKey: null } : null;
  const decoded = Buffer.from(credentials, 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (colon <= 0 || colon === decoded.length - 1 || !PUBLIC_KEY.test(decoded.slice(0, colon))) return null;
  return { publicKey: decoded.slice(0, colon), secretKey: decoded.slice(colon + 1) };
}

async function loadProjectKey(records: Records, publicKey: string): Promise<ProjectKey | null> {
  const [row] = await records.query<{
    public_key: string;
    secret_hash: string;
    project_id: string | null;
    organization_id: string;
    expires_at: Date | null;
  }>(sql`
    SELECT public_key, secret_hash, project_id, organization_id, expires_at FROM project_keys WHERE public_key = ${publicKey}
    UNION ALL SELECT public_key, secret_hash, NULL, organization_id, expires_at FROM organization_keys WHERE public_key = ${publicKey} LIMIT 1`);
  if (!row) return null;
  // For people only, so at most once an hour and never in the way of an answer.
  const table = sql.identifier(row.project_id === null ? 'organization_keys' : 'project_keys', ['organization_keys', 'project_keys']);
  records
    .query(
      sql`UPDATE ${table} SET last_used_at = now() WHERE public_key = ${row.public_key} AND (last_used_at IS NULL OR last_used_at < now() - interval '1 hour')`,
    )
    .catch(() => {});
  return {
    publicKey: row.public_key,
    secretHash: row.secret_hash,
    projectId: row.project_id,
    organizationId: row.organization_id,
    expiresAtMs: row.expires_at?.getTime() ?? null,
  };
}

/** Writes a pair; a known public key gets the new secret and project. The secret itself is not kept. */
export async function writeProjectKey(
  session: RecordsSession,
  key: { organizationId: string; projectId: string; publicKey: string; secretKey: string; note?: string | null },
): Promise<void> {
  const secretHash = hashKey(key.secretKey);
  await session.query(sql`
    INSERT INTO project_keys (id, organization_id, project_id, public_key, secret_hash, display_secret_key, note)
    VALUES (${randomUUID()}, ${key.organizationId}, ${key.projectId}, ${key.publicKey}, ${secretHash}, ${displaySecretKey(key.secretKey)}, ${key.note ?? null})
    ON CONFLICT (public_key) DO UPDATE SET secret_hash = EXCLUDED.secret_hash, display_secret_key = EXCLUDED.display_secret_key,
      project_id = EXCLUDED.project_id, organization_id = EXCLUDED.organization_id
    WHERE (project_keys.secret_hash, project_keys.project_id) IS DISTINCT FROM (EXCLUDED.secret_hash, EXCLUDED.project_id)`);
}
