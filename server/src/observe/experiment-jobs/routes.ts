// GET and POST /api/public/unstable/experiment-jobs, DELETE of one: a signed-in person starts a version of a prompt over a dataset with a model (docs/playground.md). Ours.
import { randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Route, RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { bodyOf, conflict, invalidRequest } from '#observe/api/body.ts';
import { foundDataset } from '#observe/datasets/datasets.ts';
import { runByName } from '#observe/datasets/run-sql.ts';
import { lockDataset } from '#observe/datasets/sql.ts';
import { notFound, parameters, projectOf } from '#observe/filter/parameters.ts';
import { personOf } from '#observe/playground/person.ts';
import type { PlaygroundWays } from '#observe/playground/port.ts';
import { playgroundBody } from '#observe/playground/schema.ts';
import { readPrompt } from '#observe/prompts/prompts.ts';
import type { Records } from '#stores/records/port.ts';
import { endJob, insertJob, isStarting, type JobRow, jobById, jobsOf, runningJobsOf } from './jobs-sql.ts';
import type { PromptMessage } from './render.ts';

const name = z.string().trim().min(1).max(255);
const jobBody = z.strictObject({
  datasetName: name,
  runName: name,
  promptName: name,
  promptVersion: z.number().int().min(1),
  model: playgroundBody.shape.model,
  parameters: playgroundBody.shape.parameters,
});
const jobQuery = z.object({ datasetName: name });

const PATH = '/api/public/unstable/experiment-jobs';
const MOST_RUNNING = 5;
const MOST_ITEMS = 10_000;
const JOBS_SHOWN = 20;

export function experimentJobRoutes(records: Records, ways: PlaygroundWays): Route[] {
  const common = { surface: 'observe', dialect: 'langfuse-unstable', access: ['project-key'] } as const;
  return [
    {
      ...common,
      method: 'GET',
      path: PATH,
      summary: 'Started experiments over a dataset, newest first',
      query: jobQuery,
      handle: (context) => list(records, context),
    },
    {
      ...common,
      method: 'POST',
      path: PATH,
      summary: 'Start a version of a prompt over a dataset with a model: only signed-in people, at their own key',
      body: jobBody,
      handle: (context) => start(records, ways, context),
    },
    {
      ...common,
      method: 'DELETE',
      path: `${PATH}/:jobId`,
      summary: 'Call a started experiment off; what it asked stays',
      handle: (context) => cancel(records, context),
    },
  ];
}

async function list(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const { datasetName } = parameters(http, jobQuery);
  const dataset = await foundDataset(records, projectOf(principal), datasetName);
  return http.json({ data: (await jobsOf(records, projectOf(principal), dataset.id, JOBS_SHOWN)).map(view) });
}

async function start(records: Records, ways: PlaygroundWays, { http, principal }: RouteContext): Promise<Response> {
  const wish = await bodyOf(http, jobBody);
  const { projectId, organizationId, userId, name: userName } = personOf(principal);
  if (ways.chat === null) throw new AppError('This process reaches no gateway: set --gateway-url.', { status: 422, code: 'no_gateway' });
  const dataset = await foundDataset(records, projectId, wish.datasetName);
  const { prompt } = await readPrompt(records, { projectId, name: wish.promptName }, { version: wish.promptVersion, resolve: true });
  const messages = messagesOf(prompt);
  const id = randomUUID();
  await records.transaction(async (session) => {
    await lockDataset(session, projectId, wish.datasetName);
    if ((await runningJobsOf(session, projectId)) >= MOST_RUNNING)
      throw conflict(`${MOST_RUNNING} experiments of this project run already: wait for one to end, or call it off.`);
    const run = await runByName(session, { projectId, datasetName: wish.datasetName, runName: wish.runName });
    if (run !== null || (await isStarting(session, dataset.id, wish.runName)))
      throw conflict(`The dataset has a run named '${wish.runName}' already: choose another name.`);
    const { promptName, promptVersion, model, parameters: asked, runName } = wish;
    const job = {
      id,
      projectId,
      organizationId,
      datasetId: dataset.id,
      runName,
      promptName,
      promptVersion,
      messages,
      model,
      parameters: asked,
      userId,
      userName,
    };
    const items = await insertJob(session, job);
    if (items === 0) throw invalidRequest('The dataset has no active item.');
    if (items > MOST_ITEMS) throw invalidRequest(`The dataset has ${items} items; an experiment takes up to ${MOST_ITEMS}.`);
  });
  return http.json(view((await jobById(records, projectId, id)) as JobRow), 201);
}

/** @throws AppError 400 for a prompt with placeholders: nothing here could fill them. */
function messagesOf(prompt: string | readonly Record<string, unknown>[]): PromptMessage[] {
  if (typeof prompt === 'string') return [{ role: 'user', content: prompt }];
  return prompt.map((entry) => {
    if (typeof entry.role === 'string' && typeof entry.content === 'string') return { role: entry.role, content: entry.content };
    throw invalidRequest('The prompt has a placeholder for messages, which an item of a dataset cannot fill: use {{variables}}.');
  });
}

async function cancel(records: Records, { http, principal }: RouteContext): Promise<Response> {
  const projectId = projectOf(principal);
  const id = http.req.param('jobId') ?? '';
  if ((await jobById(records, projectId, id)) === null) throw notFound('Experiment not found');
  personOf(principal);
  await endJob(records, id, 'cancelled', null);
  return http.json(view((await jobById(records, projectId, id)) as JobRow));
}

function view(row: JobRow): Record<string, unknown> {
  return {
    id: row.id,
    runName: row.run_name,
    promptName: row.prompt_name,
    promptVersion: row.prompt_version,
    model: row.model,
    parameters: row.parameters,
    startedBy: row.user_name,
    state: row.state,
    problem: row.problem,
    total: Number(row.total),
    done: Number(row.done),
    failed: Number(row.failed),
    causes: row.causes,
    cost: row.cost,
    createdAt: row.created_at.toISOString(),
    finishedAt: row.finished_at?.toISOString() ?? null,
  };
}
