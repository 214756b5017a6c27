// What the front tells a process that answers calls for it (`--workers`), and how that process's settings follow from the front's.
import type { Settings } from '#settings/settings.ts';

/** First message to a call worker. Secrets go this way, never by arguments or variables. */
export interface CallWorkerInput {
  kind: 'start';
  /** Its number, from 0. */
  index: number;
  /** How many share the machine. */
  workers: number;
  argv: readonly string[];
  cwd: string;
  dataDir: string;
  recordsUrl: string;
  /** Base64. */
  instanceSecret: string;
  front: NonNullable<Settings['front']>;
}

export type ToCallWorker = CallWorkerInput | { kind: 'stop' } | { kind: 'metrics'; id: number };
export type FromCallWorker = { kind: 'ready' } | { kind: 'refused'; reason: string } | { kind: 'metrics'; id: number; text: string };

const LEAST_BYTES = 32 * 1024 * 1024;

/** The front's settings as one of its call workers has them: a gateway with a folder of its own, beside the front's records, and its part of what the machine may hold. */
export function settingsOfCallWorker(settings: Settings, given: CallWorkerInput): Settings {
  const part = (bytes: number): number => Math.max(Math.min(bytes, LEAST_BYTES), Math.ceil(bytes / given.workers));
  const { limits } = settings;
  return {
    ...settings,
    role: 'gateway',
    dataDir: given.dataDir,
    recordsUrl: given.recordsUrl,
    instanceSecret: Buffer.from(given.instanceSecret, 'base64'),
    initFile: null,
    drainDelayMs: 0,
    workers: 1,
    front: given.front,
    limits: {
      ...limits,
      inFlightBytes: Math.max(limits.maxRequestBytes, part(limits.inFlightBytes)),
      payloadJournalBytes: part(limits.payloadJournalBytes),
      moneyJournalBytes: part(limits.moneyJournalBytes),
    },
  };
}
