// The key of backups: from a variable, or a file of the user that is made on the first save.
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { BackupError, KEY_BYTES } from './container.ts';

/** @param variable 64 hex digits, for schedulers @param isNew whether a missing file may be made @throws BackupError */
export function backupKey(variable: string | undefined, path: string, isNew: boolean): Buffer {
  if (variable !== undefined && variable !== '') return parsed(variable, 'GENAI_BACKUP_KEY');
  if (existsSync(path)) return parsed(readFileSync(path, 'utf8'), path);
  if (!isNew) throw new BackupError(`the key of the backup is needed: ${path}, or the variable GENAI_BACKUP_KEY`);
  const key = randomBytes(KEY_BYTES);
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  writeFileSync(path, `${key.toString('hex')}\n`, { mode: 0o600 });
  return key;
}

function parsed(text: string, where: string): Buffer {
  const hex = text.trim();
  if (!/^[0-9a-f]{64}$/i.test(hex)) throw new BackupError(`${where}: 64 hexadecimal digits are expected`);
  return Buffer.from(hex, 'hex');
}
