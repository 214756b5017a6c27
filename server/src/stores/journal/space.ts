// How full the journal may become: payload up to its limit, money up to a reserve beyond it that payload can never take.
import type { JournalClass, JournalState } from './port.ts';

const WARNING_SHARE = 0.8;

export interface SpaceLimits {
  /** Payload is refused when the journal would pass this many bytes. */
  readonly payloadLimitBytes: number;
  /** Bytes beyond the payload limit that only money may use. */
  readonly moneyReserveBytes: number;
}

/** Whether a record of this size fits beside `usedBytes`. */
export function fits(limits: SpaceLimits, journalClass: JournalClass, usedBytes: number, sizeBytes: number): boolean {
  const limit = journalClass === 'money' ? limits.payloadLimitBytes + limits.moneyReserveBytes : limits.payloadLimitBytes;
  return usedBytes + sizeBytes <= limit;
}

/** ok, warning from 80 % of the payload limit on, full when payload of one byte would be refused. */
export function levelOf(limits: SpaceLimits, usedBytes: number): JournalState['level'] {
  if (usedBytes >= limits.payloadLimitBytes) return 'full';
  return usedBytes >= limits.payloadLimitBytes * WARNING_SHARE ? 'warning' : 'ok';
}
