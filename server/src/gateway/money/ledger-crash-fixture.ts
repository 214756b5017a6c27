// For the kill -9 test: a process that settles calls as fast as it can and says which ones a client saw the end of. Arguments: journal folder, PostgreSQL socket folder.
import { writeSync } from 'node:fs';
import { openRecords } from '#stores/records/postgres.ts';
import { settledCall, startedCall } from './call-fixture.ts';
import { startMoney } from './ledger-fixture.ts';

const [folder, socketFolder] = process.argv.slice(2) as [string, string];
const records = openRecords({ socketFolder });
const money = await startMoney(folder, records, { groupMs: 5 });
await money.ledger.start();
writeSync(1, 'ready\n');

async function client(): Promise<void> {
  for (;;) {
    const started = startedCall({ reserved: '0.5' });
    writeSync(1, `begin ${started.callId}\n`);
    money.journal.started(started);
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 8));
    await money.settle(settledCall(started, '0.001'));
    // Only after durability may the last byte leave: this line stands for it.
    writeSync(1, `end ${started.callId}\n`);
  }
}
await Promise.all(Array.from({ length: 8 }, client));
