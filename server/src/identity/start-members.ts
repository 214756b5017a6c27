// Members that the start file names: a person who is not there yet is made with the file's password, to be changed at the first login; whoever is there keeps theirs.

import { AppError } from '#lib/errors.ts';
import { newCallId } from '#lib/id.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { writePassword } from './administrator.ts';
import { lockMembers, membersOf, putMember } from './management-sql.ts';
import { hashPassword } from './password.ts';
import type { UserRole } from './principal.ts';

export interface StartMember {
  email: string;
  role: UserRole;
  /** Null = the e-mail address, for a person who is made. */
  name: string | null;
  /** Only for a person who is made. */
  password: string | null;
}

/**
 * Makes each person a member with the role that the file says. @returns how many persons were made or got another role.
 * @throws AppError 400 for a new person without a password, and when nobody would be left to administer the organisation.
 */
export async function putStartMembers(records: Records, organizationId: string, members: readonly StartMember[]): Promise<number> {
  if (members.length === 0) return 0;
  return await records.transaction(async (session) => {
    await lockMembers(session, organizationId);
    const before = new Map((await membersOf(session, organizationId)).map((member) => [member.user_id, member.role]));
    let changes = 0;
    for (const member of members) {
      const id = await personOf(session, member);
      if (before.get(id) === member.role) continue;
      await putMember(session, organizationId, id, member.role);
      changes += 1;
    }
    const after = await membersOf(session, organizationId);
    if ([...before.values()].includes('admin') && !after.some(({ role }) => role === 'admin'))
      throw unusable(organizationId, 'would be left without an administrator: name one with the role ADMIN');
    return changes;
  });
}

/** The person's id; made when there is none of this address. */
async function personOf(session: RecordsSession, member: StartMember): Promise<string> {
  const email = member.email.trim().toLowerCase();
  const [existing] = await session.query<{ id: string }>(sql`SELECT id FROM users WHERE email = ${email}`);
  if (existing !== undefined) return existing.id;
  if (member.password === null) throw unusable(email, 'is nobody yet: give a password (os.environ/<variable>), which has to be changed at the first login');
  const id = newCallId();
  await session.query(sql`INSERT INTO users (id, name, email, email_verified) VALUES (${id}, ${member.name ?? email}, ${email}, true)`);
  await writePassword(session, id, await hashPassword(member.password), true);
  return id;
}

function unusable(what: string, message: string): AppError {
  return new AppError(`${what} ${message}`, { status: 400, code: 'invalid_setting' });
}
