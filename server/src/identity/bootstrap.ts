// The first start makes an organisation, a project, its keys, a virtual key, an administrator and the master key; later starts apply what settings name.
import { AppError } from '#lib/errors.ts';
import { newCallId } from '#lib/id.ts';
import type { Settings } from '#settings/settings.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { applyAdministrator } from './administrator.ts';
import { readSetting, writeSetting } from './instance-settings.ts';
import { hashKey, mintProjectKeys, mintVirtualKey } from './keys.ts';
import { isPublicKey, writeProjectKey } from './project-keys.ts';
import { type Credentials, instanceSecret, readCredentials, removeCredentials, writeCredentials } from './secret-files.ts';
import { writeVirtualKey } from './virtual-keys.ts';

/** Names in instance_settings. */
const PLACE = 'bootstrap';
const SEALED = 'sealed';
const NOTHING = { masterKey: null, virtualKey: null, publicKey: null, secretKey: null, email: null, password: null };
/** Any fixed number: two processes that start at once on one database take turns. */
const LOCK = 0x67656e6b;

export interface BootstrapOptions {
  records: Records;
  settings: Pick<Settings, 'dataDir' | 'init' | 'masterKey' | 'recordsUrl'> & Partial<Pick<Settings, 'instanceSecret'>>;
  /** Written into keys.json for `./genai keys show`, for example { gateway, observe, console }. */
  urls: Readonly<Record<string, string>>;
}

export interface Bootstrapped {
  firstStart: boolean;
  organizationId: string;
  /** Project of keys that name none. */
  projectId: string;
  /** SHA-256 of the master key in hex; compare with `matchesHash`. */
  masterKeyHash: string;
  instanceSecret: Buffer;
  /** Plain credentials: what keys.json holds, or (external records) what was made just now, to be shown once. Null when there is nothing to show. */
  credentials: Credentials | null;
  /** Where the credentials lie, null when no file holds them. */
  keysFileWritten: boolean;
}

/**
 * Brings identity up to the settings. A set value wins over a generated one; setting the same again changes nothing.
 * The plain credentials reach keys.json before the hashes are committed, so that a kill between the two loses nothing.
 * @throws AppError when a set value cannot be used.
 */
export async function bootstrap(options: BootstrapOptions): Promise<Bootstrapped> {
  checkSettings(options.settings.init);
  const secret = options.settings.instanceSecret ?? instanceSecret(options.settings.dataDir);
  return await options.records.transaction(async (session) => {
    await session.query(sql`SELECT pg_advisory_xact_lock(${LOCK})`);
    const state = await readState(session, options.settings);
    const place = await applyPlace(session, options.settings.init, state);
    const made = await applyKeys(session, options, state, place);
    const master = await applyMasterKey(session, options.settings.masterKey, state.firstStart);
    if (master.key !== null) made.masterKey = master.key;
    const keysFileWritten = state.keepsFile && (state.firstStart || state.stored !== null);
    if (keysFileWritten) writeCredentials(options.settings.dataDir, made);
    const credentials = keysFileWritten || state.firstStart ? made : null;
    return { firstStart: state.firstStart, ...place, masterKeyHash: master.hash, instanceSecret: secret, credentials, keysFileWritten };
  });
}

interface State {
  firstStart: boolean;
  /** What an earlier start made or was given. */
  place: { organizationId: string; projectId: string } | null;
  /** Plain credentials may lie in keys.json: embedded records, not sealed. */
  keepsFile: boolean;
  stored: Credentials | null;
}

async function readState(session: RecordsSession, settings: BootstrapOptions['settings']): Promise<State> {
  const place = await readSetting<NonNullable<State['place']>>(session, PLACE);
  const sealed = (await readSetting<boolean>(session, SEALED)) === true;
  const keepsFile = settings.recordsUrl === null && !sealed;
  // A file without a finished first start is what a killed one left: its keys were never committed.
  const stored = place && keepsFile ? readCredentials(settings.dataDir) : null;
  return { firstStart: place === null, place, keepsFile, stored };
}

async function applyPlace(session: RecordsSession, init: Settings['init'], state: State): Promise<NonNullable<State['place']>> {
  const wished = await applyOrganization(session, init, state.place?.organizationId ?? null);
  const place = await applyProject(session, init, wished, state.place?.projectId ?? null);
  if (place.organizationId !== state.place?.organizationId || place.projectId !== state.place.projectId) await writeSetting(session, PLACE, place);
  return place;
}

async function applyKeys(session: RecordsSession, options: BootstrapOptions, state: State, place: NonNullable<State['place']>): Promise<Credentials> {
  const { init } = options.settings;
  return {
    ...(state.stored ?? NOTHING),
    ...(await applyProjectKeys(session, init, { ...place, firstStart: state.firstStart })),
    ...(state.firstStart ? { virtualKey: await firstVirtualKey(session, place.organizationId, place.projectId) } : {}),
    ...(await applyAdministrator(session, init, { organizationId: place.organizationId, firstStart: state.firstStart })),
    urls: options.urls,
  };
}

/** Removes the plain credentials for good: only hashes remain, and later starts write no file. */
export async function sealKeys(records: Records, dataDir: string): Promise<void> {
  await records.transaction((session) => writeSetting(session, SEALED, true));
  removeCredentials(dataDir);
}

/** Takes the first password out of keys.json after it was changed; it opens nothing any longer. */
export function dropStoredPassword(dataDir: string, email: string): void {
  const credentials = readCredentials(dataDir);
  if (credentials?.password && credentials.email === email) writeCredentials(dataDir, { ...credentials, password: null });
}

function checkSettings(init: Settings['init']): void {
  if (init.projectPublicKey !== null && !isPublicKey(init.projectPublicKey)) {
    throw unusable('LANGFUSE_INIT_PROJECT_PUBLIC_KEY must be 1 to 256 visible ASCII characters without a colon.');
  }
  if ((init.projectPublicKey === null) !== (init.projectSecretKey === null)) {
    throw unusable('Set both LANGFUSE_INIT_PROJECT_PUBLIC_KEY and LANGFUSE_INIT_PROJECT_SECRET_KEY, or neither.');
  }
}

function unusable(message: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_setting' });
}

async function applyOrganization(session: RecordsSession, init: Settings['init'], known: string | null): Promise<string> {
  const id = init.organizationId ?? known ?? newCallId();
  await session.query(sql`INSERT INTO organizations (id, name) VALUES (${id}, ${init.organizationName ?? 'Organization'}) ON CONFLICT (id) DO NOTHING`);
  if (init.organizationName !== null)
    await session.query(sql`UPDATE organizations SET name = ${init.organizationName} WHERE id = ${id} AND name <> ${init.organizationName}`);
  return id;
}

/** A project that exists stays with its organisation. */
async function applyProject(
  session: RecordsSession,
  init: Settings['init'],
  organizationId: string,
  known: string | null,
): Promise<NonNullable<State['place']>> {
  const id = init.projectId ?? known ?? newCallId();
  await session.query(
    sql`INSERT INTO projects (id, organization_id, name) VALUES (${id}, ${organizationId}, ${init.projectName ?? 'Project'}) ON CONFLICT (id) DO NOTHING`,
  );
  if (init.projectName !== null) {
    await session.query(sql`UPDATE projects SET name = ${init.projectName}, updated_at = now() WHERE id = ${id} AND name <> ${init.projectName}`);
  }
  if (init.projectRetention !== null) await session.query(sql`UPDATE projects SET retention_days = ${retentionOf(init.projectRetention)} WHERE id = ${id}`);
  const [row] = await session.query<{ organization_id: string }>(sql`SELECT organization_id FROM projects WHERE id = ${id}`);
  return { organizationId: row?.organization_id ?? organizationId, projectId: id };
}

/** @throws AppError 400 for anything but 0 or three days and more. */
function retentionOf(text: string): number {
  const days = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (days === 0 || (days >= 3 && days <= 36_500)) return days;
  throw unusable('LANGFUSE_INIT_PROJECT_RETENTION must be 0 (for ever) or a number of days from 3 on.');
}

async function applyProjectKeys(
  session: RecordsSession,
  init: Settings['init'],
  place: { organizationId: string; projectId: string; firstStart: boolean },
): Promise<Partial<Credentials>> {
  const set = init.projectPublicKey !== null && init.projectSecretKey !== null ? { publicKey: init.projectPublicKey, secretKey: init.projectSecretKey } : null;
  if (!set && !place.firstStart) return {};
  const keys = set ?? mintProjectKeys();
  await writeProjectKey(session, { organizationId: place.organizationId, projectId: place.projectId, ...keys });
  return keys;
}

async function firstVirtualKey(session: RecordsSession, organizationId: string, projectId: string): Promise<string> {
  const { key, hash, name } = mintVirtualKey();
  await writeVirtualKey(session, { id: hash, name, alias: 'first-key', organizationId, projectId, createdBy: 'first start' });
  return key;
}

/** `key` is null when only its hash is known (an earlier start made or was given it). */
async function applyMasterKey(session: RecordsSession, set: string | null, firstStart: boolean): Promise<{ key: string | null; hash: string }> {
  const known = await readSetting<{ hash: string }>(session, 'master_key');
  const key = set ?? (firstStart || !known ? mintVirtualKey().key : null);
  if (key === null) return { key: null, hash: (known as { hash: string }).hash };
  const hash = hashKey(key);
  if (known?.hash !== hash) await writeSetting(session, 'master_key', { hash });
  return { key, hash };
}
