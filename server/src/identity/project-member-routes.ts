// GET, PUT and DELETE /api/public/projects/{projectId}/memberships: roles in one project, which win over those in its organisation.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { managementBody, organizationOf } from './management-body.ts';
import { type ManagedProject, projectOf } from './management-sql.ts';
import { deleteMemberBody, memberShape, putMemberBody, ROLE_OF } from './member-routes.ts';
import { projectMembersOf, putProjectMember, removeProjectMember } from './project-roles.ts';

export function projectMemberRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['organization-key'], path: '/api/public/projects/:projectId/memberships' } as const;
  return [
    { ...common, method: 'GET', summary: 'List people with a role of their own in a project', handle: (context) => list(records, context) },
    {
      ...common,
      method: 'PUT',
      summary: 'Give a member of the organisation another role in a project',
      body: putMemberBody,
      handle: (context) => put(records, context),
    },
    { ...common, method: 'DELETE', summary: 'End a role in a project', body: deleteMemberBody, handle: (context) => remove(records, context) },
  ];
}

function notFound(message: string): AppError {
  return new AppError(message, { status: 404, code: 'LangfuseNotFoundError' });
}

async function foundProject(records: Records, context: RouteContext): Promise<ManagedProject> {
  const project = await projectOf(records, organizationOf(context), context.http.req.param('projectId') ?? '');
  if (project === null) throw notFound('Project not found');
  return project;
}

async function list(records: Records, context: RouteContext): Promise<Response> {
  const { id } = await foundProject(records, context);
  return context.http.json({ memberships: (await projectMembersOf(records, id)).map(memberShape) });
}

async function put(records: Records, context: RouteContext): Promise<Response> {
  const { id, organization_id: organizationId } = await foundProject(records, context);
  const { userId, role } = await managementBody(context.http, putMemberBody);
  const member = await putProjectMember(records, { id, organizationId }, userId, ROLE_OF[role]);
  if (member === null) throw notFound('User is not a member of this organization');
  return context.http.json(memberShape(member));
}

async function remove(records: Records, context: RouteContext): Promise<Response> {
  const { id } = await foundProject(records, context);
  const { userId } = await managementBody(context.http, deleteMemberBody);
  if (!(await removeProjectMember(records, id, userId))) throw notFound('User has no role of their own in this project');
  return context.http.json({ message: 'Project membership deleted successfully', userId });
}
