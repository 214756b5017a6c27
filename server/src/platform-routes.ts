// Routes of the platform itself, which belong to neither gateway nor observe: probes, who am I, the OpenAPI document.
import { rolesOfPerson } from '#identity/project-roles.ts';
import { listProjects, type ProjectSummary } from '#identity/projects.ts';
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import type { ConsoleHealth, ConsoleSession } from './contract.ts';
import { openApiDocument } from './http/openapi.ts';
import type { Route } from './http/route.ts';

export interface PlatformRoutesDeps {
  records: Records;
  version: string;
  timezone: string;
  /** Public addresses of the two doors, for the console. */
  doors: { gateway: string; observe: string };
  /** By which this platform recognises itself behind an address. */
  instanceHeader: readonly [string, string];
  /** False once the process is draining. */
  accepting: () => boolean;
  /** How stores, lag and room are now. */
  platformState: () => Promise<ConsoleHealth>;
  /** Every mounted route, for the document. */
  allRoutes: () => readonly Route[];
}

const PING_TIMEOUT_MS = 2000;

/** Probes of the observe door (langfuse.md §1.9), projects of a key, the console's session and /openapi.json. */
export function createPlatformRoutes(deps: PlatformRoutesDeps): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/public/health',
      surface: 'observe',
      dialect: 'langfuse',
      access: ['anonymous'],
      summary: 'Liveness of the observe door; with failIfDatabaseUnavailable=true also of its records',
      async handle({ http }) {
        const strict = http.req.query('failIfDatabaseUnavailable') === 'true';
        if (strict && !(await deps.records.ping(PING_TIMEOUT_MS))) return http.json({ status: 'Database not available', version: deps.version }, 503);
        http.header(...deps.instanceHeader);
        return http.json({ status: 'OK', version: deps.version });
      },
    },
    {
      method: 'GET',
      path: '/api/public/ready',
      surface: 'observe',
      dialect: 'langfuse',
      access: ['anonymous'],
      summary: 'Readiness: 500 while the process drains',
      handle: ({ http }) =>
        deps.accepting() ? http.json({ status: 'OK', version: deps.version }) : http.json({ status: 'SIGTERM received', version: deps.version }, 500),
    },
    {
      method: 'GET',
      path: '/api/public/projects',
      surface: 'observe',
      dialect: 'langfuse',
      access: ['project-key'],
      summary: 'The project of the key',
      async handle({ http, principal }) {
        if (principal.kind !== 'project-key') throw new AppError('Project keys are needed.', { status: 403, code: 'ForbiddenError' });
        const projects = await listProjects(deps.records, { id: principal.projectId });
        return http.json({ data: projects.map(publicProject) });
      },
    },
    ...consoleRoutes(deps),
    {
      method: 'GET',
      path: '/openapi.json',
      surface: 'admin',
      dialect: 'litellm',
      access: ['anonymous'],
      summary: 'This document',
      handle: ({ http }) => http.json(openApiDocument(deps.allRoutes(), deps.version)),
    },
  ];
}

/** Who is signed in, and how the platform does. */
function consoleRoutes(deps: PlatformRoutesDeps): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/console/session',
      surface: 'console',
      dialect: 'console',
      access: ['user-admin', 'user-member', 'user-viewer'],
      summary: 'Who is signed in, with the projects to choose from',
      async handle({ http, principal }) {
        if (principal.kind !== 'user') throw new AppError('Sign in first.', { status: 401, code: 'auth_error' });
        const projects = await listProjects(deps.records, principal.role === 'admin' ? {} : { memberId: principal.userId });
        const roles = await rolesOfPerson(deps.records, principal.userId);
        const first = projects[0];
        const session: ConsoleSession = {
          user: { id: principal.userId, email: principal.email, name: principal.name, role: principal.role, mustChangePassword: principal.mustChangePassword },
          organization: first?.organization ?? { id: '', name: '' },
          projects: projects.map(({ id, name, publicKeys }) => ({ id, name, publicKeys, role: roles.get(id) ?? principal.role })),
          version: deps.version,
          timezone: deps.timezone,
          doors: deps.doors,
        };
        return http.json(session);
      },
    },
    {
      method: 'GET',
      path: '/api/console/health',
      surface: 'console',
      dialect: 'console',
      access: ['user-admin', 'user-member', 'user-viewer'],
      summary: 'Stores, lag, room and degraded modes of the process that answers',
      handle: async ({ http }) => http.json(await deps.platformState()),
    },
  ];
}

/** A project as its own keys see it; days only when something is removed. */
function publicProject({ id, name, organization, metadata, retentionDays }: ProjectSummary): Record<string, unknown> {
  return { id, name, organization, metadata, ...(retentionDays > 0 ? { retentionDays } : {}) };
}
