// One OTLP trace export, however it came: every span's ids are checked, the export is journaled as received, and what was refused is told.
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import type { DoorDependencies } from './door.ts';
import type { IngestHeader } from './header.ts';
import { spanIdsOfJson } from './otlp-json.ts';
import { spanIdsOfProtobuf } from './otlp-protobuf.ts';
import { spanProblem } from './span.ts';

export interface TraceExport {
  projectId: string;
  /** Decompressed. */
  body: Buffer;
  isJson: boolean;
  sdk: IngestHeader['sdk'];
}

/** What is to be answered: nothing of the export could be read, or so many spans were refused. */
export type ExportOutcome = { problem: string } | { rejected: number; reason: string };

/** Resolves once the spans are durable. @throws AppError 503 when the journal cannot take them. */
export async function acceptTraces({ projectId, body, isJson, sdk }: TraceExport, dependencies: DoorDependencies): Promise<ExportOutcome> {
  if (body.length === 0) return { rejected: 0, reason: '' };
  const checked = check(body, isJson);
  if ('problem' in checked) return checked;
  const { total, refused, reason } = checked;
  if (refused.length < total) {
    const header = { receivedAtUs: dependencies.nowUs(), contentType: isJson ? 'application/json' : 'application/x-protobuf', sdk, refused };
    await accept(dependencies.journal, dependencies.mask, { kind: JournalKind.otlpTraces, projectId, header, body });
  }
  dependencies.count({ protocol: 'otlp', accepted: total - refused.length, refused: refused.length, bytes: body.length });
  return { rejected: refused.length, reason };
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

/** Export...ServiceResponse in protobuf: partial_success (1) { rejected (1), error_message (2) } only when something was refused. The same for spans, data points and log records. */
export function responseBytes(rejected: number, message: string): Buffer {
  if (rejected === 0) return Buffer.alloc(0);
  const text = Buffer.from(message);
  const partial = [8, ...varint(rejected), 18, ...varint(text.length), ...text];
  return Buffer.from([10, ...varint(partial.length), ...partial]);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) | 128);
  return [...bytes, rest];
}
