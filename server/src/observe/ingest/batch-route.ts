// POST /api/public/ingestion: checks every event, journals the batch as received, answers 207 with one entry an event.
import type { RouteContext } from '#http/route.ts';
import { noteClient } from '#observe/clients/notes.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import { parseBatchEvent, type ScoreBody } from './batch-events.ts';
import { badRequest, type DoorDependencies, projectOf, readIngestBody, sdkOf } from './door.ts';
import { isObject } from './text.ts';

interface Refused {
  id: string;
  status: number;
  message: string;
  error: string;
}

/** Handles one batch. Contract: Langfuse's public API, ingestion_batch. */
export async function ingestBatch(context: RouteContext, dependencies: DoorDependencies): Promise<Response> {
  const { projectId, scoresOnly } = projectOf(context.principal);
  const body = await readIngestBody(context.http);
  const parsed = parse(body);
  if (!isObject(parsed) || !Array.isArray(parsed.batch)) {
    noteClient(context.http, sdkOf(context.http), ['batch must be an array of events']);
    return badRequest({ message: 'Invalid request data', errors: [{ path: ['batch'], message: 'batch must be an array of events' }] });
  }
  const sdk = sdkOf(context.http, isObject(parsed.metadata) ? parsed.metadata : {});
  const { successes, errors, refused } = await refuseScores(checkEvents(parsed.batch, scoresOnly), projectId, dependencies);
  if (successes.length > 0) {
    const header = { receivedAtUs: dependencies.nowUs(), contentType: 'application/json', sdk, refused };
    await accept(dependencies.journal, dependencies.mask, { kind: JournalKind.ingestionBatch, projectId, header, body });
  }
  noteClient(
    context.http,
    sdk,
    errors.map(({ message, error }) => `${message}: ${error}`),
  );
  dependencies.count({ protocol: 'batch', accepted: successes.length, refused: errors.length, bytes: body.length });
  return Response.json({ successes, errors }, { status: 207 });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}

interface Checked {
  successes: { id: string; status: 201 }[];
  errors: Refused[];
  /** Places in the batch. */
  refused: number[];
  /** Accepted scores that name a config, by their place among the successes and in the batch. */
  configured: { success: number; index: number; body: ScoreBody }[];
}

/** Takes scores that their configs refuse out of the successes. */
async function refuseScores(checked: Checked, projectId: string, { scoreProblems }: DoorDependencies): Promise<Checked> {
  if (checked.configured.length === 0) return checked;
  const problems = await scoreProblems(
    projectId,
    checked.configured.map(({ body }) => body),
  );
  const wrong = checked.configured.flatMap((score, index) => (problems[index] ? [{ ...score, problem: problems[index] as string }] : []));
  const places = new Set(wrong.map(({ success }) => success));
  const errors = wrong.map(({ success, problem }) => ({
    id: checked.successes[success]?.id ?? '',
    status: 400,
    message: problem,
    error: 'InvalidRequestError',
  }));
  return {
    ...checked,
    successes: checked.successes.filter((_, index) => !places.has(index)),
    errors: [...checked.errors, ...errors],
    refused: [...checked.refused, ...wrong.map(({ index }) => index)],
  };
}

function checkEvents(batch: unknown[], scoresOnly: boolean): Checked {
  const successes: { id: string; status: 201 }[] = [];
  const errors: Refused[] = [];
  const refused: number[] = [];
  const configured: Checked['configured'] = [];
  batch.forEach((value, index) => {
    const outcome = parseBatchEvent(value);
    if ('refusal' in outcome) errors.push(outcome.refusal);
    else if (scoresOnly && outcome.event.type !== 'score-create') {
      errors.push({
        id: outcome.event.id,
        status: 401,
        message: 'Authentication error',
        error: 'A public key alone may only create scores: use Basic authentication with the secret key.',
      });
    } else {
      const { type, body } = outcome.event;
      if (type === 'score-create' && (body as ScoreBody).configId) configured.push({ success: successes.length, index, body: body as ScoreBody });
      successes.push({ id: outcome.event.id, status: 201 });
      return;
    }
    refused.push(index);
  });
  return { successes, errors, refused, configured };
}
