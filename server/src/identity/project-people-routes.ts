// GET, PUT and DELETE of /api/public/unstable/project-members: the people of a project with both their roles, as the console shows and sets them. Langfuse does this in its console only.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import type { Records, RecordsSession } from '#stores/records/port.ts';
import { managementBody } from './management-body.ts';
import { lockMembers } from './management-sql.ts';
import type { Principal } from './principal.ts';
import { type PersonOfProject, peopleOfProject, putProjectMember, removeProjectMember } from './project-roles.ts';

const body = z.strictObject({ userId: z.string().min(1).max(800), role: z.enum(['admin', 'member', 'viewer']) });
const PATH = '/api/public/unstable/project-members';

export function projectPeopleRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse-unstable', access: ['project-key'] } as const;
  return [
    {
      ...common,
      method: 'GET',
      path: PATH,
      summary: 'The people of a project with their roles in its organisation and in it',
      handle: (context) => list(records, context),
    },
    {
      ...common,
      method: 'PUT',
      path: PATH,
      summary: 'Give somebody of the organisation another role in the project: only administrators of the project, in the console',
      body,
      async handle(context) {
        const { userId, role } = await managementBody(context.http, body);
        return await change(records, context, userId, async (session, project) => {
          await putProjectMember(session, project, userId, role);
        });
      },
    },
    {
      ...common,
      method: 'DELETE',
      path: `${PATH}/:userId`,
      summary: 'End a role in the project, so that the one in the organisation counts: only administrators of the project, in the console',
      async handle(context) {
        const userId = context.http.req.param('userId') ?? '';
        return await change(records, context, userId, async (session, project) => {
          if (!(await removeProjectMember(session, project.id, userId))) throw notFound('This person has no role of their own in the project');
        });
      },
    },
  ];
}

interface Place {
  id: string;
  organizationId: string;
}

function placeOf(principal: Principal): Place {
  if (principal.kind === 'project-key') return { id: principal.projectId, organizationId: principal.organizationId };
  throw new AppError('A project is needed.', { status: 403, code: 'ForbiddenError' });
}

const administers = (principal: Principal): boolean => principal.kind === 'project-key' && principal.person?.role === 'admin';
const notFound = (message: string): AppError => new AppError(message, { status: 404, code: 'LangfuseNotFoundError' });

/** Addresses are for those who administer. */
async function list(records: RecordsSession, { http, principal }: RouteContext): Promise<Response> {
  const mayChange = administers(principal);
  const people = await peopleOfProject(records, placeOf(principal).id);
  return http.json({ data: people.map((person) => view(person, mayChange)), mayChange });
}

function view({ user_id: userId, email, name, organization_role: organizationRole, project_role: projectRole }: PersonOfProject, withAddress: boolean): object {
  return { userId, name: name || email.split('@')[0], email: withAddress ? email : null, organizationRole, projectRole };
}

async function change(
  records: Records,
  context: RouteContext,
  userId: string,
  work: (session: RecordsSession, project: Place) => Promise<void>,
): Promise<Response> {
  const project = placeOf(context.principal);
  await records.transaction(async (session) => {
    await lockMembers(session, project.organizationId);
    if (!(await peopleOfProject(session, project.id)).some((person) => person.user_id === userId))
      throw notFound('This person does not belong to the organisation of the project');
    if (!administers(context.principal))
      throw new AppError('Only an administrator of the project may do this, in the console.', { status: 403, code: 'ForbiddenError' });
    await work(session, project);
    const people = await peopleOfProject(session, project.id);
    if (!people.some((person) => (person.project_role ?? person.organization_role) === 'admin'))
      throw new AppError('Somebody has to administer the project: make somebody else an administrator first.', { status: 400, code: 'InvalidRequestError' });
  });
  return await list(records, context);
}
