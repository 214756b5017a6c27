// Child of data-folder.test.ts: waits for the start signal, tries to take the lock, says what came of it and holds it until it is ended.
import { existsSync } from 'node:fs';
import { openDataFolder } from './data-folder.ts';

const [path, signal] = process.argv.slice(2) as [string, string];
process.stdout.write('waiting\n');
while (!existsSync(signal)) {
  // Busy on purpose: all rivals must start in the same instant.
}
try {
  await openDataFolder(path);
  process.stdout.write('won\n');
} catch (error) {
  process.stdout.write(`lost ${(error as { code?: string }).code}\n`);
}
setInterval(() => {}, 1_000);
