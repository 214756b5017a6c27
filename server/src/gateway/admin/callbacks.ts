// Receivers of finished calls in the admin API: those of a team (/team/{id}/callback), switching a team's off, and the list of what is configured.

import { z } from 'zod';
import { readJson } from '#http/body.ts';
import type { Route, RouteContext } from '#http/route.ts';
import { wordOf } from '#lib/json.ts';
import { adminRoute, notFound } from './admin-route.ts';
import type { AdminDeps, LoggingEntry } from './deps.ts';
import { readTeam } from './team-records.ts';

const addBody = z.looseObject({
  callback_name: z.string().min(1).max(100),
  callback_type: z.enum(['success', 'failure', 'success_and_failure']).nullish(),
  callback_vars: z.record(z.string().max(100), z.string().max(4_000)).nullish(),
});

export function callbackRoutes(deps: AdminDeps): Route[] {
  const on = (handle: (deps: AdminDeps, context: RouteContext) => Promise<Response>) => (context: RouteContext) => handle(deps, context);
  return [
    adminRoute({ method: 'POST', path: '/team/:team_id/callback', summary: 'Tell a receiver of a team’s calls', body: addBody, handle: on(add) }),
    adminRoute({ method: 'GET', path: '/team/:team_id/callback', summary: 'The receivers that a team brings along', handle: on(show) }),
    adminRoute({ method: 'POST', path: '/team/:team_id/disable_logging', summary: 'Tell no receiver of a team’s calls', handle: on(silence) }),
    adminRoute({
      method: 'GET',
      path: '/callbacks/list',
      summary: 'Names of the receivers by what they are told of',
      handle: async () => Response.json(listed(deps)),
    }),
    adminRoute({ method: 'GET', path: '/active/callbacks', summary: 'Receivers and how they are doing', handle: async () => Response.json(active(deps)) }),
  ];
}

async function add(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const teamId = await existingTeam(deps, context);
  const body = await readJson(context.http, addBody);
  await deps.callbacks.add('team', teamId, body);
  return Response.json({ status: 'success', data: await teamView(deps, teamId) });
}

async function show(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const teamId = await existingTeam(deps, context);
  return Response.json({ status: 'success', data: await teamView(deps, teamId) });
}

async function silence(deps: AdminDeps, context: RouteContext): Promise<Response> {
  const teamId = await existingTeam(deps, context);
  await deps.callbacks.replace('team', teamId, []);
  await deps.callbacks.silence(teamId);
  return Response.json({ status: 'success', message: `Logging disabled for team ${teamId}`, data: await teamView(deps, teamId) });
}

/** TeamCallbackMetadata, with secrets masked. */
async function teamView(deps: AdminDeps, teamId: string): Promise<Record<string, unknown>> {
  const entries = await deps.callbacks.of('team', teamId);
  const names = (...types: string[]) => entries.filter((entry) => types.includes(wordOf(entry.callback_type))).map((entry) => entry.callback_name);
  return {
    team_id: teamId,
    success_callbacks: names('success', 'success_and_failure'),
    failure_callbacks: names('failure', 'success_and_failure'),
    callback_vars: Object.assign({}, ...entries.map((entry) => entry.callback_vars)) as Record<string, string>,
  };
}

async function existingTeam(deps: AdminDeps, { http }: RouteContext): Promise<string> {
  const teamId = http.req.param('team_id') ?? '';
  if ((await readTeam(deps.records, teamId)) === null) throw notFound(`Team id = ${teamId} does not exist. List the teams with /team/list.`, 'team_id');
  return teamId;
}

/** Names by list. What the platform does itself is always there. */
function listed(deps: AdminDeps): Record<string, string[]> {
  const { callbacks } = deps.config();
  const targets = deps.callbacks.configured();
  const kinds = new Map(targets.map((target) => [target.name, target]));
  const of = (wanted: (target: { success: boolean; failure: boolean }) => boolean): string[] =>
    callbacks.filter((name) => wanted(kinds.get(name) ?? { success: true, failure: true }));
  return {
    success: of(({ success, failure }) => success && !failure),
    failure: of(({ success, failure }) => failure && !success),
    success_and_failure: of(({ success, failure }) => success && failure),
  };
}

function active(deps: AdminDeps): Record<string, unknown> {
  const targets = deps.callbacks.configured();
  return {
    alerting: deps.config().alerting === null ? [] : ['slack'],
    'litellm.callbacks': deps.config().callbacks,
    'litellm.success_callback': targets.filter(({ success }) => success).map(({ name }) => name),
    'litellm.failure_callback': targets.filter(({ failure }) => failure).map(({ name }) => name),
    num_callbacks: targets.length,
    receivers: deps.callbacks.states().map(({ name, scope, waiting, waitingBytes, behind, lastError }) => ({
      name,
      scope,
      waiting_deliveries: waiting,
      waiting_bytes: waitingBytes,
      behind,
      last_error: lastError,
    })),
  };
}

/** `logging` of a metadata object; undefined when it says nothing about it. */
export function loggingOf(metadata: Readonly<Record<string, unknown>> | null | undefined): readonly LoggingEntry[] | undefined {
  const value = metadata?.logging;
  if (value === undefined) return undefined;
  return Array.isArray(value) ? value.filter((entry): entry is LoggingEntry => typeof entry === 'object' && entry !== null) : [];
}

/** The metadata as it is stored and shown: its `logging` without secrets. @throws AppError 400 when an entry cannot be used. */
export async function shownMetadata<Metadata extends Readonly<Record<string, unknown>> | null | undefined>(
  deps: AdminDeps,
  [scope, scopeId]: ['team' | 'key', string | null],
  metadata: Metadata,
): Promise<Metadata> {
  const entries = loggingOf(metadata);
  return entries === undefined ? metadata : { ...metadata, logging: await deps.callbacks.preview(scope, scopeId, entries) };
}
