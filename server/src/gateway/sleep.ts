// Waiting between two tries: ends at once when the client leaves.
import type { Call } from './call.ts';
import { ClientGone } from './errors.ts';

/** @throws ClientGone when the client leaves before `delayMs` have passed. */
export function sleep(call: Call, delayMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, delayMs);
    call.waiting = {
      interrupt() {
        clearTimeout(timer);
        reject(new ClientGone());
      },
    };
  });
}
