// POST /api/public/otel/v1/{traces, metrics, logs}: an export over HTTP, answered with its service's response in the request's content type.
import type { RouteContext } from '#http/route.ts';
import { noteClient } from '#observe/clients/notes.ts';
import { badRequest, type DoorDependencies, projectOf, readIngestBody, sdkOf } from './door.ts';
import { acceptExport, responseBytes, SIGNALS, type SignalName } from './otlp-export.ts';

/** Handles one export. Contract: OTLP/HTTP 1.x; the 400s as Langfuse gives them. */
export async function ingestExport(signal: SignalName, context: RouteContext, dependencies: DoorDependencies): Promise<Response> {
  const { http } = context;
  const { projectId } = projectOf(context.principal);
  const contentType = (http.req.header('content-type') ?? '').toLowerCase();
  const isJson = contentType.includes('application/json');
  const refuse = (problem: string): Response => {
    noteClient(http, sdkOf(http), [problem]);
    return badRequest({ error: problem, message: problem });
  };
  if (!isJson && !contentType.includes('application/x-protobuf')) return refuse('Invalid content type');
  const version = http.req.header('x-langfuse-ingestion-version');
  if (version !== undefined && !(Number(version) <= 4)) return refuse('Unsupported x-langfuse-ingestion-version');
  const outcome = await acceptExport({ signal, projectId, body: await readIngestBody(http), isJson, sdk: sdkOf(http) }, dependencies);
  if ('problem' in outcome) return refuse(outcome.problem);
  const { rejected, reason } = outcome;
  noteClient(http, sdkOf(http), Array<string>(rejected).fill(reason));
  if (!isJson) return new Response(Uint8Array.from(responseBytes(rejected, reason)), { headers: { 'content-type': 'application/x-protobuf' } });
  return Response.json(rejected === 0 ? {} : { partialSuccess: { [SIGNALS[signal].rejected]: String(rejected), errorMessage: reason } });
}
