// Turns what the life cycle tells into lines and one moving bar.
import type { Reporter } from '@genai/infra/life/report';
import type { Io } from '#io.ts';
import type { MessageCode } from '#messages.ts';
import { clockTime } from './money.ts';

/** In a log that nobody watches, a line a minute and a phase is enough. */
const QUIET_SECONDS = 60;

export function reporter(io: Io): Reporter {
  const lastSaid = new Map<string, number>();
  return {
    say: (code, values = {}) => {
      const trouble = values.trouble === undefined ? {} : { trouble: io.text(`trouble.${values.trouble}` as MessageCode) };
      io.notify(`life.${code}`, { ...values, ...trouble });
    },
    progress: ({ phase, what, elapsedSeconds, expectedSeconds, detail }) => {
      const before = lastSaid.get(what);
      if (!io.isTerminal && before !== undefined && elapsedSeconds >= before && elapsedSeconds - before < QUIET_SECONDS) return;
      lastSaid.set(what, elapsedSeconds);
      const line = io.text('phase.line', {
        phase: io.text(`phase.${phase}`),
        what: what === phase ? '' : what,
        elapsed: clockTime(elapsedSeconds),
        expected: clockTime(expectedSeconds),
        detail,
      });
      // Never full before it is: what takes longer than usual stays at 95 %.
      io.progress(Math.min(95, (100 * elapsedSeconds) / expectedSeconds), line.replace(/ +:/, ':').trim());
    },
  };
}
