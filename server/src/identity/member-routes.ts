// GET, PUT and DELETE /api/public/organizations/memberships: who belongs to the organisation of a key, in Langfuse's names of roles.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { managementBody, organizationOf } from './management-body.ts';
import { lockMembers, type Member, membersOf, putMember, removeMember } from './management-sql.ts';
import type { UserRole } from './principal.ts';

/** Langfuse's names of roles, in ours. An owner can do nothing here that an administrator cannot. */
export const ROLE_OF = { OWNER: 'admin', ADMIN: 'admin', MEMBER: 'member', VIEWER: 'viewer' } as const satisfies Record<string, UserRole>;
const NAME_OF = { admin: 'ADMIN', member: 'MEMBER', viewer: 'VIEWER' } as const;

export const putMemberBody = z.object({ userId: z.string().min(1).max(800), role: z.enum(['OWNER', 'ADMIN', 'MEMBER', 'VIEWER']) });
export const deleteMemberBody = z.object({ userId: z.string().min(1).max(800) });

export function memberRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['organization-key'], path: '/api/public/organizations/memberships' } as const;
  return [
    { ...common, method: 'GET', summary: 'List members of the organisation', handle: (context) => list(records, context) },
    { ...common, method: 'PUT', summary: 'Make a person a member, or change the role', body: putMemberBody, handle: (context) => put(records, context) },
    { ...common, method: 'DELETE', summary: 'End a membership', body: deleteMemberBody, handle: (context) => remove(records, context) },
  ];
}

export function memberShape(member: Member): Record<string, unknown> {
  return { userId: member.user_id, role: NAME_OF[member.role], email: member.email, name: member.name };
}

async function list(records: Records, context: RouteContext): Promise<Response> {
  return context.http.json({ memberships: (await membersOf(records, organizationOf(context))).map(memberShape) });
}

async function put(records: Records, context: RouteContext): Promise<Response> {
  const organizationId = organizationOf(context);
  const { userId, role } = await managementBody(context.http, putMemberBody);
  const member = await records.transaction(async (session) => {
    await lockMembers(session, organizationId);
    if (ROLE_OF[role] !== 'admin') refuseLastAdministrator(await membersOf(session, organizationId), userId);
    return await putMember(session, organizationId, userId, ROLE_OF[role]);
  });
  if (member === null) throw new AppError('User not found', { status: 404, code: 'LangfuseNotFoundError' });
  return context.http.json(memberShape(member));
}

async function remove(records: Records, context: RouteContext): Promise<Response> {
  const organizationId = organizationOf(context);
  const { userId } = await managementBody(context.http, deleteMemberBody);
  const removed = await records.transaction(async (session) => {
    await lockMembers(session, organizationId);
    refuseLastAdministrator(await membersOf(session, organizationId), userId);
    return await removeMember(session, organizationId, userId);
  });
  if (!removed) throw new AppError('User is not a member of this organization', { status: 404, code: 'LangfuseNotFoundError' });
  return context.http.json({ message: 'Membership deleted successfully', userId });
}

/** An organisation without an administrator could be managed by nobody in the console. */
function refuseLastAdministrator(members: readonly Member[], userId: string): void {
  const administrators = members.filter(({ role }) => role === 'admin');
  if (administrators.length === 1 && administrators[0]?.user_id === userId)
    throw new AppError('The last administrator of an organisation keeps the role: make somebody else an administrator first.', {
      status: 400,
      code: 'InvalidRequestError',
    });
}
