// How the Model Context Protocol is answered over streamable HTTP: without sessions, one short-lived server a request, JSON answers, bounded.
import type { Context } from 'hono';
import { readBody } from './body.ts';
import type { McpFace } from './mcp-face.ts';

const MAX_BODY_BYTES = 5 << 20;
/** Messages in one body: each may be a call. */
const MAX_MESSAGES = 20;

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;

/** One POST of the protocol on a route. @throws AppError 413 for a body over 5 MiB; what the protocol refuses is answered in its own form. */
export async function serveMcp(http: Context, face: McpFace): Promise<Response> {
  const body = await readBody(http, MAX_BODY_BYTES);
  const { headers, signal } = http.req.raw;
  return await answerMcp(face, { body, headers, signal });
}

/** The answer to one POST of the protocol (revision 2025-11-25 and those before it), in JSON. Loads the SDK on the first use. */
export async function answerMcp(face: McpFace, { body, headers, signal }: { body: Buffer; headers: Headers; signal: AbortSignal }): Promise<Response> {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body.toString('utf8'));
  } catch {
    return refusal(PARSE_ERROR, 'The body is not valid JSON.');
  }
  if (Array.isArray(parsed) && parsed.length > MAX_MESSAGES) return refusal(INVALID_REQUEST, `More than ${MAX_MESSAGES} messages in one body: send fewer.`);
  const { connect } = await import('./mcp-server.ts');
  const { transport, close } = await connect(face, signal);
  try {
    return await transport.handleRequest(new Request('http://door/mcp', { method: 'POST', headers, signal }), { parsedBody: parsed });
  } finally {
    await close();
  }
}

function refusal(code: number, message: string): Response {
  return Response.json({ jsonrpc: '2.0', error: { code, message }, id: null }, { status: 400 });
}
