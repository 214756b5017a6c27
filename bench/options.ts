// The command line of `npm run bench`.
import { parseArgs } from 'node:util';

export const LANE_NAMES = ['direct', 'node-bare', 'ours-keys-off', 'ours-governed', 'ours-all', 'portkey', 'litellm'] as const;
export type LaneName = (typeof LANE_NAMES)[number];
export const PART_NAMES = ['calls', 'rate', 'streams', 'streaming', 'limits', 'ingest', 'idle', 'memory'] as const;
export type PartName = (typeof PART_NAMES)[number];

export interface BenchOptions {
  rounds: number;
  seconds: number;
  lanes: LaneName[];
  parts: PartName[];
  bodyKilobytes: number[];
  jsonPath: string | null;
  quick: boolean;
}

export const USAGE = `npm run bench -- [--quick] [--rounds N] [--seconds N] [--lanes ${LANE_NAMES.join(',')}] [--parts ${PART_NAMES.join(',')}] [--sizes 1,32,128] [--json FILE]

Ratios are CPU of a lane's whole process tree a request over the node-bare lane of the same round. Run it on a quiet machine. Without --parts every part runs but memory (it takes a million calls) and limits (it takes root).`;

/** @throws Error with one line that says what is wrong. */
export function readOptions(argv: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...argv],
    options: {
      quick: { type: 'boolean', default: false },
      rounds: { type: 'string' },
      seconds: { type: 'string' },
      lanes: { type: 'string' },
      parts: { type: 'string' },
      sizes: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    rounds: positive('--rounds', values.rounds ?? (values.quick ? '3' : '7')),
    seconds: positive('--seconds', values.seconds ?? (values.quick ? '1' : '3')),
    lanes: chosen('--lanes', values.lanes, LANE_NAMES),
    parts: values.parts === undefined ? PART_NAMES.filter((part) => part !== 'memory' && part !== 'limits') : chosen('--parts', values.parts, PART_NAMES),
    bodyKilobytes: (values.sizes ?? '1,32,128').split(',').map((size) => positive('--sizes', size)),
    jsonPath: values.json ?? null,
    quick: values.quick,
  };
}

function positive(flag: string, text: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new Error(`${flag} takes numbers above 0, not "${text}"`);
  return value;
}

function chosen<Name extends string>(flag: string, text: string | undefined, known: readonly Name[]): Name[] {
  if (text === undefined) return [...known];
  return text.split(',').map((word) => {
    const name = known.find((candidate) => candidate === word);
    if (name === undefined) throw new Error(`${flag} knows ${known.join(', ')}, not "${word}"`);
    return name;
  });
}
