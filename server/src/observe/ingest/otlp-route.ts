// POST /api/public/otel/v1/traces: checks every span's ids, journals the export as received, answers ExportTraceServiceResponse in the request's content type.
import type { RouteContext } from '#http/route.ts';
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import { badRequest, type DoorDependencies, projectOf, readIngestBody, sdkOf } from './door.ts';
import { spanIdsOfJson } from './otlp-json.ts';
import { spanIdsOfProtobuf } from './otlp-protobuf.ts';
import { spanProblem } from './span.ts';

/** Handles one export. Contract: OTLP/HTTP 1.x; the 400s as Langfuse gives them. */
export async function ingestTraces(context: RouteContext, dependencies: DoorDependencies): Promise<Response> {
  const { http } = context;
  const { projectId } = projectOf(context.principal);
  const contentType = (http.req.header('content-type') ?? '').toLowerCase();
  const isJson = contentType.includes('application/json');
  if (!isJson && !contentType.includes('application/x-protobuf')) return badRequest({ error: 'Invalid content type', message: 'Invalid content type' });
  const version = http.req.header('x-langfuse-ingestion-version');
  if (version !== undefined && !(Number(version) <= 4)) {
    return badRequest({ error: 'Unsupported x-langfuse-ingestion-version', message: 'Unsupported x-langfuse-ingestion-version' });
  }
  const body = await readIngestBody(http);
  if (body.length === 0) return answer(isJson, 0, '');
  const checked = check(body, isJson);
  if ('problem' in checked) return badRequest({ error: checked.problem, message: checked.problem });
  const { total, refused, reason } = checked;
  if (refused.length < total) {
    const header = { receivedAtUs: dependencies.nowUs(), contentType: isJson ? 'application/json' : 'application/x-protobuf', sdk: sdkOf(http), refused };
    await accept(dependencies.journal, dependencies.mask, { kind: JournalKind.otlpTraces, projectId, header, body });
  }
  dependencies.count({ protocol: 'otlp', accepted: total - refused.length, refused: refused.length, bytes: body.length });
  return answer(isJson, refused.length, reason);
}

function check(body: Buffer, isJson: boolean): { total: number; refused: number[]; reason: string } | { problem: string } {
  let ids: { traceId: string; spanId: string }[];
  try {
    ids = isJson ? spanIdsOfJson(JSON.parse(body.toString('utf8'))) : spanIdsOfProtobuf(body);
  } catch (error) {
    return { problem: `The trace export cannot be read: ${(error as Error).message.slice(0, 200)}` };
  }
  const refused: number[] = [];
  let reason = '';
  ids.forEach(({ traceId, spanId }, index) => {
    const problem = spanProblem(traceId, spanId);
    if (problem === null) return;
    refused.push(index);
    if (reason === '') reason = problem;
  });
  return { total: ids.length, refused, reason };
}

/** ExportTraceServiceResponse; partial_success (1) { rejected_spans (1), error_message (2) } only when something was refused. */
function answer(isJson: boolean, rejected: number, message: string): Response {
  if (isJson) {
    const partial = rejected === 0 ? {} : { partialSuccess: { rejectedSpans: String(rejected), errorMessage: message } };
    return Response.json(partial);
  }
  const text = Buffer.from(message);
  const partial = rejected === 0 ? [] : [8, ...varint(rejected), 18, ...varint(text.length), ...text];
  const bytes = Uint8Array.from(rejected === 0 ? [] : [10, ...varint(partial.length), ...partial]);
  return new Response(bytes, { headers: { 'content-type': 'application/x-protobuf' } });
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
