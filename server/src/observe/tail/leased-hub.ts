// The hub of a process that stores only while it holds a lease: one hub a time of storing, and between them nobody can watch here.
import { createTailHub, type TailHub } from './hub.ts';
import { storedElsewhere } from './stored-elsewhere.ts';

export interface LeasedTailHub extends TailHub {
  /** This process stores from now on. */
  begin(): TailHub;
  /** Another one may store: who watches here is let go, and asks again. */
  end(): void;
}

export function createLeasedTailHub(): LeasedTailHub {
  let now: TailHub | null = null;
  const end = (): void => {
    now?.close();
    now = null;
  };
  return {
    begin() {
      end();
      now = createTailHub();
      return now;
    },
    end,
    publish: (rows) => now?.publish(rows),
    watch(question) {
      if (now === null) throw storedElsewhere();
      return now.watch(question);
    },
    watchers: () => now?.watchers() ?? 0,
    close: end,
  };
}
