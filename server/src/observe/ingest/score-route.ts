// POST /api/public/scores: one score or a list, journaled as the batch events that they are.
import { randomUUID } from 'node:crypto';
import type { RouteContext } from '#http/route.ts';
import { AppError } from '#lib/errors.ts';
import { noteClient } from '#observe/clients/notes.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import { parseScore, type ScoreBody } from './batch-events.ts';
import { badRequest, type DoorDependencies, projectOf, readIngestBody, sdkOf } from './door.ts';
import { formatInstant } from './instants.ts';
import { elementSpans } from './json-spans.ts';

/** Handles one score (200 {id}) or, from Python's SDK 5 on, a list of them (202, or 207 with what was refused). Contract: Langfuse's public API, score_create. */
export async function createScore(context: RouteContext, dependencies: DoorDependencies): Promise<Response> {
  const { projectId } = projectOf(context.principal);
  const sent = (await readIngestBody(context.http)).toString('utf8');
  const parsed = parse(sent);
  const isList = Array.isArray(parsed);
  const texts = isList ? elementSpans(sent, 0).map(([start, end]) => sent.slice(start, end)) : [sent];
  const checked = await checkAll(isList ? (parsed as unknown[]) : [parsed], projectId, dependencies);
  if (checked.length === 0) return badRequest({ message: 'Invalid request data', error: [{ path: [], message: 'the list of scores is empty' }] });
  const problems = checked.flatMap((one) => ('problem' in one ? [one.problem] : []));
  noteClient(context.http, sdkOf(context.http), problems.map(textOf));
  if (!isList && problems[0] !== undefined) return badRequest(problems[0]);

  const receivedAtUs = dependencies.nowUs();
  const ids: string[] = [];
  const events: string[] = [];
  for (const [index, one] of checked.entries()) {
    if ('problem' in one) continue;
    // The event's id stands in for a score id that was not sent, so the body can stay as received.
    const id = one.body.id ?? randomUUID();
    const envelope = JSON.stringify({ id, type: 'score-create', timestamp: formatInstant(receivedAtUs) });
    ids.push(id);
    events.push(`${envelope.slice(0, -1)},"body":${texts[index]}}`);
  }
  const body = Buffer.from(`{"batch":[${events.join(',')}]}`);
  const author = context.principal.kind === 'project-key' ? context.principal.person?.userId : undefined;
  const header = {
    receivedAtUs,
    contentType: 'application/json',
    sdk: sdkOf(context.http),
    refused: [],
    ...(author === undefined ? {} : { authorUserId: author }),
  };
  if (events.length > 0) await accept(dependencies.journal, dependencies.mask, { kind: JournalKind.ingestionBatch, projectId, header, body });
  dependencies.count({ protocol: 'score', accepted: ids.length, refused: problems.length, bytes: body.length });
  return isList ? listAnswer(ids.length, problems) : Response.json({ id: ids[0] });
}

/** Why a score is refused, as the answer to it alone. */
interface Problem {
  message: string;
  error: unknown;
}

async function checkAll(scores: unknown[], projectId: string, { scoreProblems }: DoorDependencies): Promise<({ body: ScoreBody } | { problem: Problem })[]> {
  const parsed = scores.map(parseScore);
  const named = parsed.flatMap((one) => ('body' in one && one.body.configId ? [one.body] : []));
  const unfit = new Map((named.length === 0 ? [] : await scoreProblems(projectId, named)).map((problem, index) => [named[index], problem]));
  return parsed.map((one) => {
    if ('issues' in one) return { problem: { message: 'Invalid request data', error: one.issues } };
    const message = unfit.get(one.body) ?? null;
    return message === null ? one : { problem: { message, error: 'InvalidRequestError' } };
  });
}

function textOf({ message, error }: Problem): string {
  return typeof error === 'string' ? message : `${message}: ${JSON.stringify(error).slice(0, 500)}`;
}

function listAnswer(accepted: number, problems: readonly Problem[]): Response {
  if (problems.length === 0) return Response.json({ message: 'Accepted' }, { status: 202 });
  const errors = problems.map((problem) => ({ message: textOf(problem) }));
  return Response.json({ accepted, rejected: problems.length, errors }, { status: 207 });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new AppError('The body is not valid JSON.', { status: 400, code: 'InvalidRequestError', cause });
  }
}
