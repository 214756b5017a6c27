// Measures the CPU of the fold alone: ./scripts/node server/src/observe/fold/measure-fixture.ts [events]. Prints µs of CPU an event for each kind of traffic, without a store behind it.
import type { JournalRecord } from '#stores/journal/port.ts';
import { createFolder } from './folder.ts';
import type { FoldLookup } from './port.ts';
import { batchRecord, callRecord, event, NOW_US, nanos, otlpRecord, settledCall, spansRequest } from './records-fixture.ts';

const EVENTS_A_RECORD = 50;
const RECORDS_A_FOLD = 40;
const text = 'これは負荷を測るための文章です。 The quick brown fox. '.repeat(6);
const empty: FoldLookup = { traces: async () => [], observations: async () => [], traceCarriers: async () => [], scores: async () => [] };

const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');

function batchOf(record: number): unknown[] {
  return Array.from({ length: EVENTS_A_RECORD }, (_, index) => {
    const number = record * EVENTS_A_RECORD + index;
    const entity = Math.floor(number / 4);
    const body = { id: `generation-${entity}`, traceId: `trace-${entity}`, name: 'answer', model: 'gpt-4o-mini', metadata: { step: index, nested: { a: 1 } } };
    if (number % 4 === 0) return event(`e${number}`, 'trace-create', index, { id: `trace-${entity}`, name: 'chat', userId: 'u', input: { text }, tags: ['a'] });
    if (number % 4 === 1) return event(`e${number}`, 'generation-create', index, { ...body, input: [{ role: 'user', content: text }] });
    if (number % 4 === 2) return event(`e${number}`, 'generation-update', index, { ...body, output: text, usageDetails: { input: 10, output: 20 } });
    return event(`e${number}`, 'score-create', index, { traceId: `trace-${entity}`, name: 'quality', value: 0.5, comment: text });
  });
}

function spansOf(record: number): unknown {
  return spansRequest(
    Array.from({ length: EVENTS_A_RECORD }, (_, index) => {
      const number = record * EVENTS_A_RECORD + index;
      return {
        traceId: hex(Math.floor(number / 10) + 1, 32),
        spanId: hex(number + 1, 16),
        ...(number % 10 === 0 ? {} : { parentSpanId: hex(number - (number % 10) + 1, 16) }),
        name: 'chat gpt-4o-mini',
        startTimeUnixNano: nanos(index),
        endTimeUnixNano: nanos(index + 500),
        attributes: {
          'langfuse.observation.type': 'generation',
          'langfuse.observation.input': JSON.stringify([{ role: 'user', content: text }]),
          'langfuse.observation.output': text,
          'langfuse.observation.model.name': 'gpt-4o-mini',
          'langfuse.observation.usage_details': '{"input":10,"output":20}',
          'user.id': 'u',
          'session.id': 's',
        },
      };
    }),
    'langfuse-sdk',
    { 'service.name': 'measure' },
  );
}

function callsOf(record: number): JournalRecord[] {
  return Array.from({ length: EVENTS_A_RECORD }, (_, index) => {
    const callId = `019ab0d2c4007abc8def${hex(record * EVENTS_A_RECORD + index, 12)}`;
    const answer = JSON.stringify({ id: `chatcmpl-${callId}`, model: 'gpt-4o-mini', choices: [{ index: 0, message: { role: 'assistant', content: text } }] });
    return callRecord(
      record + 1,
      settledCall({ callId, startedAtUs: NOW_US + 1_000_000 }),
      JSON.stringify({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: text }] }),
      answer,
    );
  });
}

interface Measured {
  name: string;
  cpuUsAnEvent: number;
  bytesAnEvent: number;
  rows: number;
}

async function measure(name: string, total: number, records: JournalRecord[]): Promise<Measured> {
  const folder = createFolder({ lookup: empty, price: null, retentionClass: () => 0, now: () => NOW_US / 1000 });
  const bytes = records.reduce((sum, record) => sum + record.parts.reduce((size, part) => size + part.length, 0), 0);
  const before = process.cpuUsage();
  let rows = 0;
  for (let index = 0; index < records.length; index += RECORDS_A_FOLD) {
    const folded = await folder.fold(records.slice(index, index + RECORDS_A_FOLD));
    rows += folded.observations.length + folded.traces.length + folded.scores.length;
    if (folded.deadLetters.length > 0) throw new Error(folded.deadLetters[0]?.reason);
    folder.committed();
  }
  const cpu = process.cpuUsage(before);
  return { name, cpuUsAnEvent: (cpu.user + cpu.system) / total, bytesAnEvent: Math.round(bytes / total), rows };
}

/** Folds `total` events of each kind of traffic. */
export async function measureFold(total: number): Promise<Measured[]> {
  const records = Math.ceil(total / EVENTS_A_RECORD);
  return [
    await measure(
      'batch events (partial)',
      total,
      Array.from({ length: records }, (_, record) => batchRecord(record + 1, batchOf(record))),
    ),
    await measure(
      'OTLP/JSON spans (whole)',
      total,
      Array.from({ length: records }, (_, record) => otlpRecord(record + 1, spansOf(record))),
    ),
    await measure('gateway calls (whole)', total, Array.from({ length: records }, (_, record) => callsOf(record)).flat()),
  ];
}

if (import.meta.main) {
  // The second round runs on compiled code, as a process that has been up for a while does.
  for (let round = 1; round <= 2; round += 1) {
    for (const { name, cpuUsAnEvent, bytesAnEvent, rows } of await measureFold(Number(process.argv[2] ?? 100_000))) {
      process.stdout.write(`round ${round}  ${name.padEnd(26)} ${cpuUsAnEvent.toFixed(1)} µs CPU an event of ${bytesAnEvent} bytes, ${rows} rows\n`);
    }
  }
}
