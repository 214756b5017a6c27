// The first person: an administrator of the organisation with a password that must be changed, or the one that the settings name.

import { newCallId } from '#lib/id.ts';
import type { Settings } from '#settings/settings.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { readSetting, writeSetting } from './instance-settings.ts';
import { generatePassword, hashPassword, verifyPassword } from './password.ts';

const DEFAULT_EMAIL = 'admin@genai.local';
/** Hash of the password that settings named last: only a changed value is applied, so that the person's own change stays. */
const APPLIED_PASSWORD = 'init_user_password';

/**
 * Makes or updates the administrator. Gives email and plain password when they were set or made now, nothing when there was nothing to do.
 * A generated password must be changed at the first login; a set one need not.
 */
export async function applyAdministrator(
  session: RecordsSession,
  init: Settings['init'],
  place: { organizationId: string; firstStart: boolean },
): Promise<{ email?: string; password?: string }> {
  if (init.userEmail === null && !place.firstStart) return {};
  const email = (init.userEmail ?? DEFAULT_EMAIL).trim().toLowerCase();
  const [existing] = await session.query<{ id: string; name: string }>(sql`SELECT id, name FROM users WHERE email = ${email}`);
  const userId = existing?.id ?? newCallId();
  if (!existing)
    await session.query(sql`INSERT INTO users (id, name, email, email_verified) VALUES (${userId}, ${init.userName ?? 'Administrator'}, ${email}, true)`);
  else if (init.userName !== null && init.userName !== existing.name)
    await session.query(sql`UPDATE users SET name = ${init.userName}, updated_at = now() WHERE id = ${userId}`);
  await session.query(
    sql`INSERT INTO memberships (user_id, organization_id, role) VALUES (${userId}, ${place.organizationId}, 'admin') ON CONFLICT (user_id, organization_id) DO NOTHING`,
  );
  if (init.userPassword !== null) return (await applySetPassword(session, userId, init.userPassword)) ? { email, password: init.userPassword } : {};
  if (existing) return {};
  const password = generatePassword();
  await writePassword(session, userId, await hashPassword(password), true);
  return { email, password };
}

async function applySetPassword(session: RecordsSession, userId: string, password: string): Promise<boolean> {
  const applied = await readSetting<{ userId: string; hash: string }>(session, APPLIED_PASSWORD);
  if (applied?.userId === userId && (await verifyPassword(password, applied.hash))) return false;
  const hash = await hashPassword(password);
  await writePassword(session, userId, hash, false);
  await writeSetting(session, APPLIED_PASSWORD, { userId, hash });
  return true;
}

/** Sets the password of a person's email account and ends all sessions that the old one opened. */
export async function writePassword(session: RecordsSession, userId: string, hash: string, mustChange: boolean): Promise<void> {
  await session.query(sql`DELETE FROM accounts WHERE user_id = ${userId} AND provider_id = 'credential'`);
  await session.query(
    sql`INSERT INTO accounts (id, user_id, account_id, provider_id, password) VALUES (${newCallId()}, ${userId}, ${userId}, 'credential', ${hash})`,
  );
  await session.query(sql`UPDATE users SET must_change_password = ${mustChange}, updated_at = now() WHERE id = ${userId}`);
  await session.query(sql`DELETE FROM sessions WHERE user_id = ${userId}`);
}
