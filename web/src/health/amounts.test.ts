import { expect, it } from 'vitest';
import { bytes, duration } from './amounts.ts';

it('writes bytes with the unit that leaves one to three digits before the point', () => {
  expect([0, 999, 1_000, 1_234_567, 999_499, 999_500, 70_000_000_000].map(bytes)).toEqual(['0 B', '999 B', '1 kB', '1.23 MB', '999 kB', '1 MB', '70 GB']);
});

it('writes how late something is', () => {
  expect([0, 0.04, 1.26, 75, 7_200].map(duration)).toEqual(['0 ms', '40 ms', '1.3 s', '1.3 min', '2 h']);
});
