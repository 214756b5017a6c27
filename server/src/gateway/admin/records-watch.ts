// Whether PostgreSQL answers, said at once: a balancer's probe must not wait for a server that stands still.
import type { Records } from '#stores/records/port.ts';

export interface RecordsWatch {
  /** What the last question showed; a question that takes longer than a moment is answered by the one before. */
  isConnected(): Promise<boolean>;
}

const MOMENT_MS = 300;

/** One question is on its way at a time, whoever asks. */
export function watchRecords(records: Pick<Records, 'ping'>, timeoutMs: number): RecordsWatch {
  let known = true;
  let asking: Promise<boolean> | null = null;
  return {
    async isConnected() {
      asking ??= records.ping(timeoutMs).then((answers) => {
        asking = null;
        known = answers;
        return answers;
      });
      let timer: NodeJS.Timeout | undefined;
      const moment = new Promise<boolean>((resolve) => {
        timer = setTimeout(() => resolve(known), MOMENT_MS);
      });
      try {
        return await Promise.race([asking, moment]);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}
