// The project's own scheduled export for the console's page: what is wished, how far it has come, and run now. Ours, beside Langfuse's routes for keys of the organisation.
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf } from '#observe/api/body.ts';
import { notFound, projectOf } from '#observe/filter/parameters.ts';
import { deleteIntegration, type IntegrationRow, integrationOfProject, runNow } from './integrations-sql.ts';
import { type SaveParts, saveIntegration } from './save.ts';
import { scheduleBody } from './schema.ts';
import { integrationView, statusView } from './view.ts';

export function exportConsoleRoutes(parts: SaveParts): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  const path = '/api/public/scheduled-export';
  return [
    { ...common, method: 'GET', path, summary: "The project's scheduled export, and how far it has come", handle: (context) => show(parts, context) },
    {
      ...common,
      method: 'PUT',
      path,
      summary: "Set the project's scheduled export; for its administrators at the console",
      body: scheduleBody,
      handle: async (context) => {
        const body = await bodyOf(context.http, scheduleBody);
        onlyAdministrators(context);
        return context.http.json(both(await saveIntegration(parts, projectOf(context.principal), body)));
      },
    },
    { ...common, method: 'DELETE', path, summary: "End the project's scheduled export; its files stay", handle: (context) => remove(parts, context) },
    { ...common, method: 'POST', path: `${path}/run`, summary: 'Write now what is due, also after a failure', handle: (context) => run(parts, context) },
  ];
}

/** Where a project's content goes is not for its keys to say: they open the content, and an export outlives them. */
function onlyAdministrators({ principal }: RouteContext): void {
  if (principal.kind === 'project-key' && principal.person?.role === 'admin') return;
  throw new AppError('Administrators of the project set its export at the console, and keys of the organisation by API.', {
    status: 403,
    code: 'ForbiddenError',
  });
}

function both(row: IntegrationRow): Record<string, unknown> {
  return { integration: integrationView(row), status: statusView(row) };
}

async function show({ records }: SaveParts, { http, principal }: RouteContext): Promise<Response> {
  const row = await integrationOfProject(records, projectOf(principal));
  return http.json(row === null ? { integration: null, status: null } : both(row));
}

async function changeable(parts: SaveParts, context: RouteContext): Promise<IntegrationRow> {
  const row = await integrationOfProject(parts.records, projectOf(context.principal));
  if (row === null) throw notFound('The project has no scheduled export');
  onlyAdministrators(context);
  return row;
}

async function remove(parts: SaveParts, context: RouteContext): Promise<Response> {
  const { id } = await changeable(parts, context);
  await deleteIntegration(parts.records, id);
  return context.http.json({ message: 'Scheduled export deleted' });
}

async function run(parts: SaveParts, context: RouteContext): Promise<Response> {
  const { id } = await changeable(parts, context);
  await runNow(parts.records, id);
  return await show(parts, context);
}
