// POST and GET /api/public/repricings: costs of stored observations again, by the prices that were valid when they were made. Ours (docs/how-to/update-prices.md).
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { bodyOf, conflict, invalidRequest } from '#observe/api/body.ts';
import { notFound, projectOf } from '#observe/filter/parameters.ts';
import type { Records } from '#stores/records/port.ts';
import { cancelJob, createJob, jobById, jobsOf, type RepricingJob } from './jobs.ts';

const wish = z.strictObject({
  fromTimestamp: z.iso.datetime({ offset: true }),
  toTimestamp: z.iso.datetime({ offset: true }),
  model: z.string().min(1).max(500).nullish(),
  dryRun: z.boolean().default(false),
});

export function repricingRoutes(records: Records): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse', access: ['project-key'] } as const;
  const one = '/api/public/repricings/:repricingId';
  return [
    {
      ...common,
      method: 'POST',
      path: '/api/public/repricings',
      summary: 'Compute the costs of stored observations again, or only say what would change (dryRun)',
      body: wish,
      handle: (context) => create(records, context),
    },
    {
      ...common,
      method: 'GET',
      path: '/api/public/repricings',
      summary: 'Re-pricings of the project, newest first',
      handle: async ({ http, principal }) => http.json({ data: (await jobsOf(records, projectOf(principal))).map(viewOf) }),
    },
    {
      ...common,
      method: 'GET',
      path: one,
      summary: 'How far a re-pricing is',
      handle: async (context) => context.http.json(viewOf(await jobOf(records, context))),
    },
    {
      ...common,
      method: 'DELETE',
      path: one,
      summary: 'Call a re-pricing off; what it did stays',
      async handle(context) {
        await cancelJob(records, await jobOf(records, context));
        return context.http.json(viewOf(await jobOf(records, context)));
      },
    },
  ];
}

async function create(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const { fromTimestamp, toTimestamp, model, dryRun } = await bodyOf(http, wish);
  if (new Date(fromTimestamp) >= new Date(toTimestamp)) throw invalidRequest('toTimestamp must lie after fromTimestamp.');
  const createdBy = principal.kind === 'project-key' ? (principal.person?.userId ?? (principal.publicKey || null)) : null;
  const job = await createJob(records, {
    projectId: projectOf(principal),
    fromTimestamp: new Date(fromTimestamp).toISOString(),
    toTimestamp: new Date(toTimestamp).toISOString(),
    model: model ?? null,
    dryRun,
    createdBy,
  });
  if (job === null) throw conflict('A re-pricing of this project runs already: wait for its end, or call it off.');
  return http.json(viewOf(job), 201);
}

async function jobOf(records: Records, { http, principal }: RouteContext): Promise<RepricingJob> {
  const job = await jobById(records, { projectId: projectOf(principal), id: http.req.param('repricingId') ?? '' });
  if (job === null) throw notFound('Re-pricing not found');
  return job;
}

function viewOf({ cursor: _, projectId: __, ...job }: RepricingJob): Record<string, unknown> {
  return job;
}
