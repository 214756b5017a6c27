// Child of kill.test.ts: writes records as fast as it can and prints what it was promised, until it is killed.
import { writeSync } from 'node:fs';
import { openJournalWriter } from './open.ts';
import { JournalKind } from './port.ts';

const writer = await openJournalWriter(process.argv[2] as string, { payloadLimitBytes: 1e9, moneyReserveBytes: 1e6, lingerMs: 0, segmentBytes: 200_000 });
let count = 0;

function step(): void {
  for (let burst = 0; burst < 4; burst++) {
    const value = `${process.pid}:${count++}`;
    const sequence = writer.append('payload', JournalKind.ingestionBatch, 'p', [Buffer.from(value), Buffer.alloc((count * 331) % 9_000, count)], (error) => {
      if (error === null) writeSync(1, `${sequence} ${value}\n`);
    });
  }
  const value = `${process.pid}:${count++}`;
  writeSync(1, `${writer.appendNow(JournalKind.callStarted, 'p', [Buffer.from(value)])} ${value}\n`);
  setImmediate(step);
}
step();
