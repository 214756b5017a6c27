// Whatever arrives between processes is a message or nothing, and never a fault.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type Asked, askedIn, type Sent, sentIn } from './relay-messages.ts';

it('reads what was written, and nothing out of anything else', () => {
  const asked: Asked[] = [
    { kind: 'watch', id: 'ab'.repeat(12), projectId: 'p', organizationId: 'o', filter: '[]', after: null },
    { kind: 'end', id: 'ab'.repeat(12) },
  ];
  const sent: Sent[] = [
    { kind: 'frames', from: 'x', number: 0, text: 'event: status\n\n' },
    { kind: 'refused', from: 'x', status: 429, message: 'full' },
  ];
  for (const one of asked) expect([askedIn(JSON.stringify(one)), sentIn(JSON.stringify(one))]).toEqual([one, null]);
  for (const one of sent) expect([sentIn(JSON.stringify(one)), askedIn(JSON.stringify(one))]).toEqual([one, null]);
  expect(askedIn(JSON.stringify({ ...asked[1], id: '../../etc' }))).toBeNull();
  const texts = fc.oneof(
    fc.string(),
    fc.jsonValue().map((value) => JSON.stringify(value)),
    fc
      .record(
        { kind: fc.constantFrom('watch', 'end', 'frames', 'refused'), id: fc.jsonValue(), number: fc.jsonValue(), text: fc.jsonValue() },
        { requiredKeys: [] },
      )
      .map((value) => JSON.stringify(value)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      for (const read of [askedIn(text), sentIn(text)]) expect(read === null || typeof read.kind === 'string').toBe(true);
    }),
  );
});
