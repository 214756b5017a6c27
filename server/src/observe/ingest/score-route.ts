// POST /api/public/scores: one score, journaled as the batch event that it is.
import { randomUUID } from 'node:crypto';
import type { RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import { parseScore } from './batch-events.ts';
import { badRequest, type DoorDependencies, projectOf, readIngestBody, sdkOf } from './door.ts';
import { formatInstant } from './instants.ts';
import { isObject } from './text.ts';

/** Handles one score; answers 200 {id}. Contract: Langfuse's public API, score_create. */
export async function createScore(context: RouteContext, dependencies: DoorDependencies): Promise<Response> {
  const { projectId } = projectOf(context.principal);
  const sent = parse(await readIngestBody(context.http));
  const checked = parseScore(sent);
  if ('issues' in checked) return badRequest({ message: 'Invalid request data', error: checked.issues });
  const id = checked.body.id ?? randomUUID();
  const receivedAtUs = dependencies.nowUs();
  const event = { id: randomUUID(), type: 'score-create', timestamp: formatInstant(receivedAtUs), body: { ...(isObject(sent) ? sent : {}), id } };
  const body = Buffer.from(JSON.stringify({ batch: [event] }));
  const header = { receivedAtUs, contentType: 'application/json', sdk: sdkOf(context.http), refused: [] };
  await accept(dependencies.journal, dependencies.mask, { kind: JournalKind.ingestionBatch, projectId, header, body });
  dependencies.count({ protocol: 'score', accepted: 1, refused: 0, bytes: body.length });
  return Response.json({ id });
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new AppError('The body is not valid JSON.', { status: 400, code: 'InvalidRequestError', cause });
  }
}
