// Values in memory: bounded by bytes, the least recently used leave first.
import { expect, it } from 'vitest';
import { MemoryValues } from './memory-values.ts';

it('never holds more than its room, and drops what was not used for longest', () => {
  const values = new MemoryValues({ roomBytes: 3_000 });
  const kilobyte = Buffer.alloc(1_000);
  for (const key of ['a', 'b']) values.set(key, kilobyte, 1_000);
  values.get('a');
  values.set('c', kilobyte, 1_000);
  expect(['a', 'b', 'c'].map((key) => values.get(key) !== null)).toEqual([true, false, true]);
  for (let index = 0; index < 1_000; index++) values.set(`k${index}`, kilobyte, 1_000);
  expect(values.bytes).toBeLessThanOrEqual(3_000);
  values.set('huge', Buffer.alloc(4_000), 1_000);
  expect(values.get('huge')).toBeNull();
});

it('forgets what is over when it is asked for', () => {
  let now = 0;
  const values = new MemoryValues({ now: () => now });
  values.set('a', Buffer.from('x'), 10);
  now = 10;
  expect([values.get('a'), values.bytes]).toEqual([null, 0]);
});
