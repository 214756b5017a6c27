// The tables of docs/scale.md, computed from costs that were measured on this code. `./scripts/node scripts/scale.ts` writes them into the page; scripts/scale.test.ts holds the page to them.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** What one unit of work costs, each with where it was measured. */
export const COSTS = {
  /** CPU of a governed call in a gateway apart, whole process tree; docs/performance.md, 1 KB in, equal rate. */
  callCpuUs: { value: 540, from: 'docs/performance.md: ours-governed, 1 KB in, 1,000 calls/s' },
  /** What Redis adds in the gateway's process; docs/adr/0005. */
  callRedisCpuUs: { value: 103, from: 'ADR 0005: 32 callers' },
  /** Commands to Redis a call with rate, parallel and budget limits: window, place, account; and back. */
  callRedisCommands: { value: 6, from: 'ADR 0005 and gateway/limits.ts: three to admit, three to settle' },
  /** CPU until an event is stored, everything counted (accept, journal, fold, insert); docs/performance.md, ingest. */
  eventCpuUs: { value: 158, from: 'docs/performance.md: ingest, role all' },
  /** Rows of PostgreSQL a call. */
  callLedgerRows: { value: 1, from: 'one row an attempt' },
  /** Bytes that a stored observation takes in ClickHouse when its texts repeat; real ones do less: ASSUMED.contentVariety. */
  observationBytes: { value: 255, from: 'bench/row-bytes.ts: 900 characters of content cut out of the pages of this repository' },
  /** Bytes that an accepted event of about 1 KB takes in the journal and its archive. */
  eventJournalBytes: { value: 1_100, from: 'bench/events.ts: about 1 KB an event, 40 bytes of framing' },
  /** Memory of a gateway process under load. */
  gatewayBytes: { value: 300e6, from: 'docs/performance.md: RSS of ours-governed' },
} as const;

/** What a machine gives; assumptions, not measurements. */
export const ASSUMED = {
  /** A core is not loaded beyond this, so that a peak has room. */
  coreShare: 0.6,
  /** Lua commands a second that one Redis core takes. */
  redisCommands: 40_000,
  /** Ledger rows a second that one PostgreSQL takes in group commits. */
  ledgerRows: 20_000,
  /** Texts of many people repeat less than the pages that were measured. */
  contentVariety: 3,
  /** Peak over the average of a month. */
  peak: 3,
  usdPerCoreMonth: 30,
  usdPerTbS3Month: 25,
  usdPerTbDiskMonth: 96,
  usdPerMillionPuts: 4.7,
  yenPerUsd: 150,
} as const;

const MONTH_SECONDS = 30 * 86_400;
/** A process writes one object of the journal at most this often (ADR 0007). */
const OBJECTS_A_SECOND = 10;

export interface CallScale {
  callsPerSecond: number;
  gatewayCores: number;
  storingCores: number;
  redisCommandsPerSecond: number;
  redisShards: number;
  ledgerRowsPerSecond: number;
  s3PutsPerSecond: number;
  memoryGb: number;
  /** What gives way, given one worker that stores, one Redis core and one PostgreSQL. */
  firstBottleneck: string;
}

/** What so many governed calls a second need, each stored as a trace. */
export function callScale(callsPerSecond: number): CallScale {
  const cores = (us: number) => Math.ceil((callsPerSecond * us) / 1e6 / ASSUMED.coreShare);
  const gatewayCores = cores(COSTS.callCpuUs.value + COSTS.callRedisCpuUs.value);
  const storingCores = cores(COSTS.eventCpuUs.value);
  const redisCommandsPerSecond = callsPerSecond * COSTS.callRedisCommands.value;
  return {
    callsPerSecond,
    gatewayCores,
    storingCores,
    redisCommandsPerSecond,
    redisShards: Math.ceil(redisCommandsPerSecond / ASSUMED.redisCommands),
    ledgerRowsPerSecond: callsPerSecond * COSTS.callLedgerRows.value,
    s3PutsPerSecond: Math.min(gatewayCores * OBJECTS_A_SECOND, callsPerSecond),
    memoryGb: Math.ceil((gatewayCores * COSTS.gatewayBytes.value) / 1e9),
    firstBottleneck: bottleneck(callsPerSecond),
  };
}

/** Events a second that one storing process can take: one core of it. */
export const STORED_PER_SECOND = Math.floor((1e6 / COSTS.eventCpuUs.value) * ASSUMED.coreShare);

/** What does not carry so many calls as it is built today, the first to give way first. */
function bottleneck(callsPerSecond: number): string {
  const limits: [string, number][] = [
    [`the one worker that stores (${STORED_PER_SECOND.toLocaleString('en-US')} a second; shards are not built)`, STORED_PER_SECOND],
    ['one core of Redis', ASSUMED.redisCommands / COSTS.callRedisCommands.value],
    ['one PostgreSQL', ASSUMED.ledgerRows / COSTS.callLedgerRows.value],
  ];
  const passed = limits.filter(([, most]) => callsPerSecond > most).map(([name]) => name);
  return passed.length === 0 ? 'none before the CPU of the gateways' : passed.join(', then ');
}

export interface SpanScale {
  spansPerMonth: number;
  averagePerSecond: number;
  peakPerSecond: number;
  storingCores: number;
  clickhouseTb: number;
  archiveTb: number;
  usdPerMonth: number;
  firstBottleneck: string;
}

/** What so many spans a month need when all of a month is kept. */
export function spanScale(spansPerMonth: number): SpanScale {
  const averagePerSecond = Math.round(spansPerMonth / MONTH_SECONDS);
  const peakPerSecond = averagePerSecond * ASSUMED.peak;
  const storingCores = Math.ceil((peakPerSecond * COSTS.eventCpuUs.value) / 1e6 / ASSUMED.coreShare);
  const clickhouseTb = (spansPerMonth * COSTS.observationBytes.value * ASSUMED.contentVariety) / 1e12;
  const archiveTb = (spansPerMonth * COSTS.eventJournalBytes.value) / 1e12;
  const puts = ((MONTH_SECONDS * OBJECTS_A_SECOND) / 1e6) * ASSUMED.usdPerMillionPuts;
  const usd = storingCores * ASSUMED.usdPerCoreMonth + clickhouseTb * ASSUMED.usdPerTbDiskMonth + archiveTb * ASSUMED.usdPerTbS3Month + puts;
  return {
    spansPerMonth,
    averagePerSecond,
    peakPerSecond,
    storingCores,
    clickhouseTb: round(clickhouseTb),
    archiveTb: round(archiveTb),
    usdPerMonth: Math.round(usd),
    firstBottleneck: peakPerSecond > STORED_PER_SECOND ? 'the one worker that stores (shards are not built)' : 'the disk of ClickHouse',
  };
}

function round(value: number): number {
  return Number(value.toPrecision(2));
}

const number = (value: number): string => value.toLocaleString('en-US');

/** The generated part of the page. */
export function scaleTables(): string {
  const calls = [1_000, 10_000, 100_000].map(callScale);
  const spans = [1e9, 1e10, 1e11].map(spanScale);
  const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [
    row(['calls a second', ...calls.map((one) => number(one.callsPerSecond))]),
    row(['---', ...calls.map(() => '---')]),
    row(['cores of gateways', ...calls.map((one) => number(one.gatewayCores))]),
    row(['memory of gateways (a process a core), GB', ...calls.map((one) => number(one.memoryGb))]),
    row(['Redis commands a second', ...calls.map((one) => number(one.redisCommandsPerSecond))]),
    row(['Redis cores', ...calls.map((one) => number(one.redisShards))]),
    row(['ledger rows a second (PostgreSQL)', ...calls.map((one) => number(one.ledgerRowsPerSecond))]),
    row(['S3 puts a second', ...calls.map((one) => number(one.s3PutsPerSecond))]),
    row(['cores that store (worker and ClickHouse)', ...calls.map((one) => number(one.storingCores))]),
    row(['what gives way, the first first', ...calls.map((one) => one.firstBottleneck)]),
    '',
    row(['spans a month', ...spans.map((one) => number(one.spansPerMonth))]),
    row(['---', ...spans.map(() => '---')]),
    row(['a second, average / peak', ...spans.map((one) => `${number(one.averagePerSecond)} / ${number(one.peakPerSecond)}`)]),
    row(['cores that store at the peak', ...spans.map((one) => number(one.storingCores))]),
    row(['ClickHouse, TB for a month', ...spans.map((one) => number(one.clickhouseTb))]),
    row(['archive on S3, TB for a month', ...spans.map((one) => number(one.archiveTb))]),
    row(['USD a month (yen)', ...spans.map((one) => `${number(one.usdPerMonth)} (${number(one.usdPerMonth * ASSUMED.yenPerUsd)})`)]),
    row(['first bottleneck', ...spans.map((one) => one.firstBottleneck)]),
    '',
    'Measured costs behind it:',
    '',
    ...Object.entries(COSTS).map(([name, { value, from }]) => `- \`${name}\` ${number(value)}: ${from}`),
    '',
    `Assumed, not measured: ${Object.entries(ASSUMED)
      .map(([name, value]) => `\`${name}\` ${number(value)}`)
      .join(', ')}.`,
  ].join('\n');
}

const BEGIN = '<!-- generated: scripts/scale.ts -->\n';
const END = '\n<!-- end -->';

/** The page with the tables of today in their place. */
export function withTables(page: string): string {
  const from = page.indexOf(BEGIN) + BEGIN.length;
  return page.slice(0, from) + scaleTables() + page.slice(page.indexOf(END, from));
}

if (import.meta.main) {
  const path = join(import.meta.dirname, '../docs/scale.md');
  writeFileSync(path, withTables(readFileSync(path, 'utf8')));
}
