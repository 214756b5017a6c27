// Tiles of a dashboard by Langfuse's unstable API: POST /unstable/dashboards/{id}/placements, PATCH and DELETE /{placementId}.
import { randomUUID } from 'node:crypto';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf } from '#observe/api/body.ts';
import { UNSTABLE, UNSTABLE_BASE } from '#observe/evaluation/evaluator-routes.ts';
import { problem } from '#observe/evaluation/problem.ts';
import type { Records } from '#stores/records/port.ts';
import { checkPlaced, lockedDashboard } from './dashboard-routes.ts';
import { type DashboardRow, putDashboard } from './dashboards-sql.ts';
import { moved, spotOfNew } from './placing.ts';
import { newPlacement, PLACEMENT_LIMIT, type Placement, placementPatch } from './schema.ts';

export function placementRoutes(records: Records): Route[] {
  const path = `${UNSTABLE_BASE}/dashboards/:dashboardId/placements`;
  const one = `${path}/:placementId`;
  return [
    { ...UNSTABLE, method: 'POST', path, summary: 'Place a widget on a dashboard', body: newPlacement, handle: (context) => add(records, context) },
    { ...UNSTABLE, method: 'PATCH', path: one, summary: 'Move or resize a placement', body: placementPatch, handle: (context) => change(records, context) },
    { ...UNSTABLE, method: 'DELETE', path: one, summary: 'Remove a placement; its widget stays', handle: (context) => remove(records, context) },
  ];
}

const placementOf = ({ http }: RouteContext, { placements }: DashboardRow): Placement => {
  const found = placements.find(({ id }) => id === http.req.param('placementId'));
  if (found === undefined) throw problem('resource_not_found', 'There is no placement with this id on the dashboard.');
  return found;
};

/** Changes the placements of one dashboard, one request after the other. */
async function changed(
  records: Records,
  context: RouteContext,
  work: (now: DashboardRow) => { placements: Placement[]; added?: Placement; answer: unknown },
): Promise<Response> {
  const answer = await records.transaction(async (session) => {
    const now = await lockedDashboard(session, context);
    const result = work(now);
    if (result.added) await checkPlaced(session, now.project_id, [result.added]);
    await putDashboard(session, { ...now, projectId: now.project_id, placements: result.placements });
    return result.answer;
  });
  return context.http.json(answer);
}

async function add(records: Records, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, newPlacement);
  return await changed(records, context, ({ placements }) => {
    const id = body.id ?? randomUUID();
    if (placements.some((one) => one.id === id)) throw problem('conflict', `There is a placement ${id} already: change it with PATCH.`);
    if (placements.length >= PLACEMENT_LIMIT) throw problem('conflict', `A dashboard holds at most ${PLACEMENT_LIMIT} tiles: remove one first.`);
    const placement: Placement = { type: 'widget', id, widgetId: body.widgetId, ...spotOfNew(body, placements) };
    return { placements: [...placements, placement], added: placement, answer: placement };
  });
}

async function change(records: Records, context: RouteContext): Promise<Response> {
  const body = await bodyOf(context.http, placementPatch);
  return await changed(records, context, (now) => {
    const placement = moved(placementOf(context, now), body);
    return { placements: now.placements.map((one) => (one.id === placement.id ? placement : one)), answer: placement };
  });
}

async function remove(records: Records, context: RouteContext): Promise<Response> {
  return await changed(records, context, (now) => {
    const { id } = placementOf(context, now);
    return { placements: now.placements.filter((one) => one.id !== id), answer: { message: 'Placement successfully removed' } };
  });
}
