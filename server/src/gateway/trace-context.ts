// Where a call belongs in its caller's world: W3C trace context, session, end user, tags and names, from headers and the body's metadata.
import type { IncomingHttpHeaders } from 'node:http';
import { spanIdOf } from '#lib/id.ts';
import type { Call } from './call.ts';
import { type Asked, fieldOf } from './request.ts';
import { memberOf } from './scan.ts';

export interface TraceContext {
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  endUser: string | null;
  sessionId: string | null;
  traceName: string | null;
  tags: string[];
  environment: string | null;
  release: string | null;
  version: string | null;
  metadata: string | null;
}

const LONGEST_TEXT = 800;
const MAX_TAGS = 50;

/** Reads the context; texts are cut at 800 characters, tags at 50. Never fails: a malformed traceparent is as none (W3C). */
export function traceContext(call: Call): TraceContext {
  const { headers } = call.request;
  const parent = parseTraceparent(headers.traceparent);
  const asked = call.asked;
  const metadata = asked === null ? null : metadataOf(asked);
  const from = metadata?.value ?? NOTHING;
  return {
    traceId: parent?.traceId ?? call.id,
    spanId: spanIdOf(call.id),
    parentSpanId: parent?.spanId ?? null,
    endUser: endUserIn(call, from),
    sessionId: sessionIn(call, from),
    traceName: text(from.trace_name) ?? header(headers, 'langfuse_trace_name'),
    tags: tagsOf(call, asked, from),
    environment: text(from.environment) ?? header(headers, 'langfuse_environment'),
    release: text(from.trace_release) ?? text(from.release) ?? header(headers, 'langfuse_release'),
    version: text(from.trace_version) ?? text(from.version) ?? header(headers, 'langfuse_version'),
    metadata: metadata?.json ?? null,
  };
}

/** The end user that a call names, for its rules; the same as in its record. */
export function endUserOf(call: Call): string | null {
  return endUserIn(call, (call.asked === null ? null : metadataOf(call.asked))?.value ?? NOTHING);
}

/** The call's tags, for their rules; the same as in its record. */
export function callTags(call: Call): readonly string[] {
  return tagsOf(call, call.asked, (call.asked === null ? null : metadataOf(call.asked))?.value ?? NOTHING);
}

/** Whether the client itself names tags, in whatever place. */
export function namesTags(call: Call): boolean {
  return clientTags(call, call.asked, (call.asked === null ? null : metadataOf(call.asked))?.value ?? NOTHING).length > 0;
}

/** The session that a call names; the same as in its record. */
export function sessionOf(call: Call): string | null {
  return sessionIn(call, (call.asked === null ? null : metadataOf(call.asked))?.value ?? NOTHING);
}

function sessionIn(call: Call, from: Readonly<Record<string, unknown>>): string | null {
  const { headers } = call.request;
  const { asked } = call;
  return (
    header(headers, 'x-litellm-session-id') ??
    text(from.session_id) ??
    (call.endpoint === 'messages' ? sessionOfUser(from.user_id) : null) ??
    text(asked && fieldOf(asked, 'litellm_session_id')) ??
    header(headers, 'langfuse_session_id') ??
    header(headers, 'langfuse-session-id')
  );
}

function endUserIn(call: Call, metadata: Readonly<Record<string, unknown>>): string | null {
  const { headers } = call.request;
  const { asked } = call;
  return (
    text(asked && fieldOf(asked, 'user')) ??
    header(headers, 'x-litellm-end-user-id') ??
    header(headers, 'x-litellm-customer-id') ??
    text(metadata.trace_user_id) ??
    // Anthropic's own name of the user.
    (call.endpoint === 'messages' ? text(metadata.user_id) : null)
  );
}

const NOTHING: Readonly<Record<string, unknown>> = {};

/** Claude Code writes its session into the user's id: `..._session_<uuid>`, or a JSON text with `session_id`. */
function sessionOfUser(userId: unknown): string | null {
  return typeof userId === 'string' ? (/(?:_session_|"session_id"\s*:\s*")([0-9a-fA-F-]{36})/.exec(userId)?.[1] ?? null) : null;
}

/** A W3C traceparent's ids, or null. */
export function parseTraceparent(value: string | string[] | undefined): { traceId: string; spanId: string } | null {
  const match = typeof value === 'string' ? /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/.exec(value.trim()) : null;
  const [, traceId, spanId] = match ?? [];
  if (traceId === undefined || spanId === undefined || /^0+$/.test(traceId) || /^0+$/.test(spanId)) return null;
  return { traceId, spanId };
}

function metadataOf(asked: Asked): { json: string; value: Record<string, unknown> } | null {
  const member = memberOf(asked.scanned, 'metadata') ?? memberOf(asked.scanned, 'litellm_metadata');
  if (member === undefined) return null;
  const json = asked.scanned.bytes.toString('utf8', member.valueStart, member.valueEnd);
  const value = JSON.parse(json) as unknown;
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { json, value: value as Record<string, unknown> } : null;
}

function tagsOf(call: Call, asked: Asked | null, metadata: Readonly<Record<string, unknown>>): string[] {
  const given = [...(call.key?.tags ?? []), ...clientTags(call, asked, metadata)];
  if (given.length === 0) return given;
  return [...new Set(given.filter((tag) => tag !== '').map((tag) => tag.slice(0, LONGEST_TEXT)))].slice(0, MAX_TAGS);
}

function clientTags(call: Call, asked: Asked | null, metadata: Readonly<Record<string, unknown>>): string[] {
  const header = call.request.headers['x-litellm-tags'];
  return [...(typeof header === 'string' ? header.split(',').map((tag) => tag.trim()) : []), ...list(metadata.tags), ...list(asked && fieldOf(asked, 'tags'))];
}

function list(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((entry) => typeof entry === 'string') : [];
}

function header(headers: IncomingHttpHeaders, name: string): string | null {
  return text(headers[name]);
}

function text(value: unknown): string | null {
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST_TEXT) : null;
}
