// One OTLP export (traces, metrics or logs), however it came: every item is checked, the export is journaled as received, and what was refused is told.
import { JournalKind } from '#stores/journal/port.ts';
import { accept } from './accept.ts';
import type { DoorDependencies, IngestCount } from './door.ts';
import type { IngestHeader } from './header.ts';
import { spanIdsOfJson } from './otlp-json.ts';
import { logRecordsOf } from './otlp-logs.ts';
import { dataPointsOf } from './otlp-metrics.ts';
import { spanIdsOfProtobuf } from './otlp-protobuf.ts';
import { signalRequestOf } from './otlp-shapes.ts';
import { spanProblem } from './span.ts';

/** What differs between the signals of OpenTelemetry. */
interface Signal {
  kind: JournalKind;
  protocol: IngestCount['protocol'];
  /** As the sentence about a refusal names it. */
  name: string;
  /** The member of partialSuccess that counts refused items. */
  rejected: string;
  /** Why each item is refused, null when it is not. @throws when the export cannot be read. */
  problems(body: Buffer, isJson: boolean): (string | null)[];
}

const problemOf = (item: object): string | null => ('problem' in item ? String(item.problem) : null);

export const SIGNALS = {
  traces: {
    kind: JournalKind.otlpTraces,
    protocol: 'otlp',
    name: 'trace',
    rejected: 'rejectedSpans',
    problems: (body, isJson) =>
      (isJson ? spanIdsOfJson(JSON.parse(body.toString('utf8'))) : spanIdsOfProtobuf(body)).map(({ traceId, spanId }) => spanProblem(traceId, spanId)),
  },
  metrics: {
    kind: JournalKind.otlpMetrics,
    protocol: 'otlp-metrics',
    name: 'metrics',
    rejected: 'rejectedDataPoints',
    problems: (body, isJson) => dataPointsOf(signalRequestOf(JournalKind.otlpMetrics, body, isJson)).map(problemOf),
  },
  logs: {
    kind: JournalKind.otlpLogs,
    protocol: 'otlp-logs',
    name: 'logs',
    rejected: 'rejectedLogRecords',
    problems: (body, isJson) => logRecordsOf(signalRequestOf(JournalKind.otlpLogs, body, isJson)).map(problemOf),
  },
} as const satisfies Record<string, Signal>;

export type SignalName = keyof typeof SIGNALS;

export interface OtlpExport {
  signal: SignalName;
  projectId: string;
  /** Decompressed. */
  body: Buffer;
  isJson: boolean;
  sdk: IngestHeader['sdk'];
}

/** What is to be answered: nothing of the export could be read, or so many spans were refused. */
export type ExportOutcome = { problem: string } | { rejected: number; reason: string };

/** Resolves once what was not refused is durable. @throws AppError 503 when the journal cannot take it. */
export async function acceptExport({ signal: name, projectId, body, isJson, sdk }: OtlpExport, dependencies: DoorDependencies): Promise<ExportOutcome> {
  if (body.length === 0) return { rejected: 0, reason: '' };
  const signal: Signal = SIGNALS[name];
  const checked = check(signal, body, isJson);
  if ('problem' in checked) return checked;
  const { total, refused, reason } = checked;
  if (refused.length < total) {
    const header = { receivedAtUs: dependencies.nowUs(), contentType: isJson ? 'application/json' : 'application/x-protobuf', sdk, refused };
    await accept(dependencies.journal, dependencies.mask, { kind: signal.kind, projectId, header, body });
  }
  dependencies.count({ protocol: signal.protocol, accepted: total - refused.length, refused: refused.length, bytes: body.length });
  return { rejected: refused.length, reason };
}

function check(signal: Signal, body: Buffer, isJson: boolean): { total: number; refused: number[]; reason: string } | { problem: string } {
  let problems: (string | null)[];
  try {
    problems = signal.problems(body, isJson);
  } catch (error) {
    return { problem: `The ${signal.name} export cannot be read: ${(error as Error).message.slice(0, 200)}` };
  }
  const refused: number[] = [];
  let reason = '';
  problems.forEach((problem, index) => {
    if (problem === null) return;
    refused.push(index);
    if (reason === '') reason = problem;
  });
  return { total: problems.length, refused, reason };
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
