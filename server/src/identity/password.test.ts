// Passwords at rest: slow to guess, different each time, and no login by themselves.
import { describe, expect, it } from 'vitest';
import { generatePassword, hashPassword, verifyPassword } from './password.ts';

describe('a stored password', () => {
  it('is scrypt with a salt of its own, and opens for its password alone', async () => {
    const [first, second] = await Promise.all([hashPassword('correct horse'), hashPassword('correct horse')]);
    expect(first).toMatch(/^scrypt\$32768\$8\$1\$/);
    expect(first).not.toBe(second);
    expect(await verifyPassword('correct horse', first)).toBe(true);
    expect(await verifyPassword('correct horsf', first)).toBe(false);
  });

  it('is no login by itself: what was stolen from the database does not pass', async () => {
    const stored = await hashPassword('correct horse');
    expect(await verifyPassword(stored, stored)).toBe(false);
    // A plain digest in the place of a hash opens for nobody (GHSA-69x8-hrgq-fjj8).
    for (const foreign of [
      '',
      'correct horse',
      '5e884898da28047151d0e56f8dc6292773603d0d6aabbdd62a11ef721d1542d8',
      'scrypt$1$1$1$$',
      'scrypt$9999999$99$99$AA$AA',
    ])
      expect(await verifyPassword('correct horse', foreign), foreign).toBe(false);
  });

  it('of a first login cannot be guessed', () => {
    expect(new Set(Array.from({ length: 100 }, generatePassword)).size).toBe(100);
    expect(generatePassword()).toMatch(/^[\w-]{20}$/);
  });
});
