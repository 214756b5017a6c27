// GET /api/public/reconciliation: whether the traces of a project's gateway calls and the ledger say the same. Ours.
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { invalidRequest } from '#observe/api/body.ts';
import { bounded, instantParameter, parameters, projectOf } from '#observe/filter/parameters.ts';
import { jobsWithin } from '#observe/repricing/jobs.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { Records } from '#stores/records/port.ts';
import { reconcile } from './report.ts';

const DAY_MS = 86_400_000;
const MOST_DAYS = 92;
const query = z.object({ fromTimestamp: instantParameter, toTimestamp: instantParameter });

export function reconciliationRoutes(analytics: Analytics, records: Pick<Records, 'query'>): Route[] {
  return [
    {
      method: 'GET',
      path: '/api/public/reconciliation',
      surface: 'observe',
      dialect: 'langfuse',
      access: ['project-key'],
      summary: 'Calls, cost and tokens by day and model: the gateway’s ledger against its traces',
      query,
      handle: (context) => bounded(() => report(analytics, records, context)),
    },
  ];
}

async function report(analytics: Analytics, records: Pick<Records, 'query'>, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const asked = parameters(http, query);
  const to = asked.toTimestamp === undefined ? new Date() : new Date(asked.toTimestamp);
  const from = asked.fromTimestamp === undefined ? new Date(to.getTime() - 7 * DAY_MS) : new Date(asked.fromTimestamp);
  if (from >= to || to.getTime() - from.getTime() > MOST_DAYS * DAY_MS)
    throw invalidRequest(`Ask for a range that ends after it begins, of at most ${MOST_DAYS} days.`);
  const data = await reconcile({ analytics, records }, projectId, { from, to });
  // Gateway calls are never priced again, so that a re-pricing cannot make the sides differ; it is named for whoever compares other sums.
  const repricings = (await jobsWithin(records, projectId, { from, to })).map(
    ({ id, fromTimestamp, toTimestamp, model, changed, costBefore, costAfter, finishedAt }) => ({
      ...{ id, fromTimestamp, toTimestamp, model, changed, costBefore, costAfter, finishedAt },
    }),
  );
  return http.json({ from: from.toISOString(), to: to.toISOString(), equal: data.every(({ equal }) => equal), data, repricings });
}
