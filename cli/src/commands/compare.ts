// `compare`: the same calls to two gateways, and in what their answers differ. Exit code 0: in nothing; 1: in something; 3: the money ended first.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Command, CommandContext } from '#command.ts';
import { comparisonText, groupDifferences } from '#compare/report.ts';
import { type ComparedRequest, requestsOfFile, requestsOfLog } from '#compare/requests.ts';
import { type Comparison, compareCalls } from '#compare/run.ts';
import { doorOptions, readDoors } from '#doors.ts';
import { Unreachable } from '#http.ts';

const OPTIONS = {
  ...doorOptions,
  a: { type: 'string' },
  b: { type: 'string' },
  'key-a': { type: 'string' },
  'key-b': { type: 'string' },
  requests: { type: 'string' },
  'from-log': { type: 'string' },
  'max-cost': { type: 'string' },
  'unknown-cost': { type: 'string' },
  'timeout-seconds': { type: 'string' },
} as const;

type Flags = { [Name in keyof typeof OPTIONS]?: string | undefined };

/** Dollars for both sides, unless --max-cost says more. */
const DEFAULT_MAX_COST = 0.1;

export const compare: Command = async (context) => {
  const { io } = context;
  const { values } = parseArgs({ args: [...context.argv], options: OPTIONS });
  const asked = plan(values);
  if (asked === null) {
    io.notify('compare.usage');
    return 2;
  }
  const requests = await requestsFor(context, values, asked.fromLog);
  if (requests === null) return 2;
  let comparison: Comparison;
  try {
    comparison = await compareCalls({
      ...asked,
      requests,
      onCall: (done) => io.progress((100 * done) / requests.length, io.text('compare.progress', { done, total: requests.length })),
    });
  } catch (error) {
    if (!(error instanceof Unreachable)) throw error;
    io.notify('compare.unreachable', { reason: error.message });
    return 1;
  }
  const differences = groupDifferences(comparison);
  io.result({ a: asked.a.url, b: asked.b.url, ...comparison, differences }, comparisonText(io, comparison, differences));
  if (differences.length > 0) return 1;
  return comparison.stopped === null ? 0 : 3;
};

function plan(values: Flags) {
  const { a, b, key } = values;
  const [keyA, keyB] = [values['key-a'] ?? key, values['key-b'] ?? key];
  const numbers = [
    values['max-cost'] ?? String(DEFAULT_MAX_COST),
    values['unknown-cost'] ?? '0',
    values['timeout-seconds'] ?? '120',
    values['from-log'] ?? '1',
  ].map(Number);
  const [maxCost = 0, unknownCost = 0, timeoutSeconds = 0, fromLog = 0] = numbers;
  const isBad = numbers.some((number) => !(number >= 0)) || !Number.isInteger(fromLog) || fromLog === 0;
  if (!isUrl(a) || !isUrl(b) || keyA === undefined || keyB === undefined || isBad || (values.requests === undefined) === (values['from-log'] === undefined))
    return null;
  return {
    a: { url: a, key: keyA },
    b: { url: b, key: keyB },
    maxCost,
    unknownCost: values['unknown-cost'] === undefined ? null : unknownCost,
    timeoutMs: timeoutSeconds * 1000,
    fromLog,
  };
}

const isUrl = (text: string | undefined): text is string => text !== undefined && URL.canParse(text) && /^https?:/.test(text);

/** Null after saying why there are none. */
async function requestsFor(context: CommandContext, values: Flags, fromLog: number): Promise<ComparedRequest[] | null> {
  const { io, cwd } = context;
  const file = values.requests;
  try {
    if (file !== undefined) return nonEmpty(context, requestsOfFile(resolve(cwd, file)));
    const doors = await readDoors(context, values);
    if (doors.publicKey === null || doors.secretKey === null) {
      io.notify('compare.no-keys');
      return null;
    }
    const log = await requestsOfLog({ url: doors.observeUrl, publicKey: doors.publicKey, secretKey: doors.secretKey }, fromLog);
    if (log.without > 0) io.notify('compare.without', { count: log.without });
    return nonEmpty(context, log.requests);
  } catch (error) {
    io.notify('compare.unreadable', { file: file ?? 'the log', reason: (error as Error).message });
    return null;
  }
}

function nonEmpty({ io }: CommandContext, requests: ComparedRequest[]): ComparedRequest[] | null {
  if (requests.length > 0) return requests;
  io.notify('compare.no-calls');
  return null;
}
