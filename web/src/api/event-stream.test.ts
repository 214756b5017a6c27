// Server-sent events are the same events wherever the network cuts them.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createEventParser, type StreamEvent } from './event-stream.ts';

describe('the parser of event streams', () => {
  it('gives the same events wherever the text is cut', () => {
    const event = fc.record({
      id: fc.option(fc.stringMatching(/^[\w.]{1,12}$/), { nil: null }),
      event: fc.constantFrom('observation', 'status', 'gap'),
      data: fc.jsonValue().map((value) => JSON.stringify(value)),
    });
    fc.assert(
      fc.property(fc.array(event, { maxLength: 10 }), fc.array(fc.nat(), { maxLength: 20 }), (events, cuts) => {
        const text = events.map(({ id, event: name, data }) => `${id === null ? '' : `id: ${id}\n`}event: ${name}\ndata: ${data}\n\n`).join('');
        const places = [...new Set(cuts.map((cut) => cut % (text.length + 1)))].sort((one, other) => one - other);
        const found: StreamEvent[] = [];
        const take = createEventParser((one) => found.push(one));
        for (const [index, place] of [...places, text.length].entries()) take(text.slice(places[index - 1] ?? 0, place));
        expect(found).toEqual(events);
      }),
    );
  });
});
