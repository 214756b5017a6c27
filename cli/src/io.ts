// Port to the person or script at the other end: messages, progress, one final result, and questions; as text, as JSON, or silent.
import { createInterface } from 'node:readline/promises';
import type { Language, MessageValues } from '#message-form.ts';
import { fillMessage, MESSAGES, type MessageCode } from '#messages.ts';

export type IoMode = 'human' | 'json' | 'silent';

export interface Io {
  readonly mode: IoMode;
  readonly language: Language;
  /** True when a person watches: only then are credentials and progress bars printed. */
  readonly isTerminal: boolean;
  /** Says one message; warnings and errors go to stderr, and in JSON mode all of them as one object a line. */
  notify(code: MessageCode, values?: MessageValues): void;
  /** The message's text in the chosen language. */
  text(code: MessageCode, values?: MessageValues): string;
  /** Ready-made lines for people (tables, blocks); nothing in the other modes. */
  print(text: string): void;
  /** A bar at a terminal; elsewhere one line a step. */
  progress(percent: number | null, text: string): void;
  /** The one answer of the command: a JSON document on stdout in JSON mode, `human` else. */
  result(value: unknown, human: string): void;
  /** Asks yes or no; false when nobody is there to answer. */
  confirm(code: MessageCode, values?: MessageValues): Promise<boolean>;
  /** Lets the person take one of some words; null when nobody is there, or the answer is none of them. */
  choose(code: MessageCode, words: readonly string[]): Promise<string | null>;
}

/** The part of a stream that is written to. */
interface Sink {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface IoOptions {
  mode: IoMode;
  language: Language;
  out: Sink;
  err: Sink;
  /** Whether questions can be answered. */
  input: (NodeJS.ReadableStream & { isTTY?: boolean }) | null;
}

const BAR_CELLS = 24;

export function createIo(options: IoOptions): Io {
  const { mode, language, out, err } = options;
  const isTerminal = mode === 'human' && out.isTTY === true;
  let barShown = false;
  let lastStep = '';
  const clearBar = (): void => {
    if (barShown) err.write('\r\u001B[K');
    barShown = false;
  };
  const ask = async (question: string): Promise<string | null> => {
    if (mode !== 'human' || options.input?.isTTY !== true) return null;
    const reader = createInterface({ input: options.input, output: err as NodeJS.WritableStream });
    try {
      return (await reader.question(question)).trim();
    } finally {
      reader.close();
    }
  };
  const text = (code: MessageCode, values: MessageValues = {}): string => fillMessage(code, language, values);
  return {
    mode,
    language,
    isTerminal,
    text,
    notify(code, values = {}) {
      const level = MESSAGES[code].level;
      if (mode === 'json') err.write(`${JSON.stringify({ code, level, text: text(code, values), ...values })}\n`);
      if (mode !== 'human') return;
      clearBar();
      (level === 'info' ? out : err).write(`${text(code, values)}\n`);
    },
    print(lines) {
      if (mode !== 'human') return;
      clearBar();
      out.write(`${lines}\n`);
    },
    progress(percent, step) {
      if (mode !== 'human') return;
      if (err.isTTY === true) {
        err.write(`\r\u001B[K${progressLine(percent, step, (err.columns || 80) - 1)}`);
        barShown = percent === null || percent < 100;
        if (!barShown) err.write('\n');
      } else if (step !== lastStep) err.write(`${step}\n`);
      lastStep = step;
    },
    result(value, human) {
      clearBar();
      if (mode === 'json') out.write(`${JSON.stringify(value, null, 2)}\n`);
      if (mode === 'human' && human !== '') out.write(`${human}\n`);
    },
    async confirm(code, values = {}) {
      return /^(y|yes|はい)$/i.test((await ask(`${text(code, values)} [y/N] `)) ?? '');
    },
    async choose(code, words) {
      const answer = await ask(`${text(code)} [${words.join(' / ')}] `);
      return words.find((word) => word === answer?.toLowerCase()) ?? null;
    },
  };
}

/** "[########----------------]  33 %  text", cut to `columns`; without a percentage only the text. */
export function progressLine(percent: number | null, step: string, columns: number): string {
  if (percent === null) return step.slice(0, columns);
  const share = Math.min(100, Math.max(0, percent));
  const filled = Math.round((share / 100) * BAR_CELLS);
  return `[${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}] ${String(Math.round(share)).padStart(3)} %  ${step}`.slice(0, columns);
}
