// A finished call as receivers are told of it: the record of the journal beside what was asked and answered, read once for all of them.
import type { CallSettled } from '#call-record.ts';
import { dashed } from '#lib/id.ts';
import { fieldsOf, parsed } from '#lib/json.ts';
import type { ObservationFields } from '#observe/ingest/events.ts';
import { fromCall } from '#observe/ingest/from-call.ts';
import type { JournalRecord } from '#stores/journal/port.ts';

export interface LoggedCall {
  readonly record: CallSettled;
  /** The id that the client saw: what a receiver may tell repetitions by. */
  readonly callId: string;
  readonly fields: Partial<ObservationFields>;
  /** What was asked and answered, parsed; null when no content is kept. */
  readonly input: unknown;
  readonly output: unknown;
  readonly parameters: Record<string, unknown>;
  /** The request's own `metadata`. */
  readonly metadata: Record<string, unknown>;
}

/** The record's header, or null when it is not what a gateway writes. */
export function headerOf({ parts }: JournalRecord): CallSettled | null {
  const header = parsed((parts[0] as Buffer).toString('utf8')) as CallSettled | undefined;
  return typeof header?.callId === 'string' && typeof header.path?.keyId === 'string' && Array.isArray(header.attempts) ? header : null;
}

/** Reads content by the rules that the platform's own traces are made by. */
export function loggedCall(record: CallSettled, { parts, project, sequence }: JournalRecord): LoggedCall {
  const content = record.content === 'full' ? { request: parts[1] ?? null, answer: parts[2] ?? null } : { request: null, answer: null };
  const events = fromCall(record, content, { projectId: project, sequence, receivedAtUs: record.endedAtUs });
  const fields = (events[0]?.fields ?? {}) as Partial<ObservationFields>;
  const jsonOf = (text: string | undefined): unknown => (text === undefined ? null : (parsed(text) ?? text));
  return {
    record,
    callId: dashed(record.callId),
    fields,
    input: jsonOf(fields.input),
    output: jsonOf(fields.output),
    parameters: fieldsOf(jsonOf(fields.model_parameters)),
    metadata: record.metadata === null ? {} : fieldsOf(parsed(record.metadata)),
  };
}

/** Microseconds as ISO 8601. */
export function instant(us: number): string {
  return new Date(us / 1000).toISOString();
}
