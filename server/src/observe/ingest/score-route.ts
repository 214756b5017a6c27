// POST /api/public/scores: one score, journaled as the batch event that it is.
import { randomUUID } from 'node:crypto';
import type { RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import { parseScore } from './batch-events.ts';
import { badRequest, type DoorDependencies, projectOf, readIngestBody, sdkOf } from './door.ts';
import { formatInstant } from './instants.ts';

/** Handles one score; answers 200 {id}. Contract: Langfuse's public API, score_create. */
export async function createScore(context: RouteContext, dependencies: DoorDependencies): Promise<Response> {
  const { projectId } = projectOf(context.principal);
  const sent = (await readIngestBody(context.http)).toString('utf8');
  const checked = parseScore(parse(sent));
  if ('issues' in checked) return badRequest({ message: 'Invalid request data', error: checked.issues });
  const [problem] = checked.body.configId ? await dependencies.scoreProblems(projectId, [checked.body]) : [];
  if (problem) return badRequest({ message: problem, error: 'InvalidRequestError' });
  const id = checked.body.id ?? randomUUID();
  const receivedAtUs = dependencies.nowUs();
  // The event's id stands in for a score id that was not sent, so the body can stay as received.
  const envelope = JSON.stringify({ id, type: 'score-create', timestamp: formatInstant(receivedAtUs) });
  const body = Buffer.from(`{"batch":[${envelope.slice(0, -1)},"body":${sent}}]}`);
  const header = { receivedAtUs, contentType: 'application/json', sdk: sdkOf(context.http), refused: [] };
  await accept(dependencies.journal, dependencies.mask, { kind: JournalKind.ingestionBatch, projectId, header, body });
  dependencies.count({ protocol: 'score', accepted: 1, refused: 0, bytes: body.length });
  return Response.json({ id });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new AppError('The body is not valid JSON.', { status: 400, code: 'InvalidRequestError', cause });
  }
}
