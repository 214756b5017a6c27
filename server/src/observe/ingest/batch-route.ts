// POST /api/public/ingestion: checks every event, journals the batch as received, answers 207 with one entry an event.
import type { RouteContext } from '#http/route.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import { parseBatchEvent } from './batch-events.ts';
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
    return badRequest({ message: 'Invalid request data', errors: [{ path: ['batch'], message: 'batch must be an array of events' }] });
  }
  const { successes, errors, refused } = checkEvents(parsed.batch, scoresOnly);
  if (successes.length > 0) {
    const header = {
      receivedAtUs: dependencies.nowUs(),
      contentType: 'application/json',
      sdk: sdkOf(context.http, isObject(parsed.metadata) ? parsed.metadata : {}),
      refused,
    };
    await accept(dependencies.journal, dependencies.mask, { kind: JournalKind.ingestionBatch, projectId, header, body });
  }
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

function checkEvents(batch: unknown[], scoresOnly: boolean): { successes: { id: string; status: 201 }[]; errors: Refused[]; refused: number[] } {
  const successes: { id: string; status: 201 }[] = [];
  const errors: Refused[] = [];
  const refused: number[] = [];
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
      successes.push({ id: outcome.event.id, status: 201 });
      return;
    }
    refused.push(index);
  });
  return { successes, errors, refused };
}
