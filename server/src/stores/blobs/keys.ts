// What a blob's key may be, the same for every store.
import { AppError } from '#lib/errors.ts';

/** @throws AppError 400 for a key that could leave a folder or cannot be a path. */
export function checkKey(key: string): void {
  const parts = key.split('/');
  const faulty = key.includes('\0') || key.includes('\\') || parts.some((part) => part === '' || part.startsWith('.') || Buffer.byteLength(part) > 255);
  if (!faulty) return;
  throw new AppError('a blob key is made of parts joined by "/", none empty, none beginning with a dot, none longer than 255 bytes', {
    status: 400,
    code: 'invalid_blob_key',
  });
}
