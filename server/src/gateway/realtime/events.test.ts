// Reading realtime events: nothing that a peer sends makes it fault, counts never pass their whole, and what guards took out is nowhere in an answer.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Fields, isFields } from '#lib/json.ts';
import { errorEvent, type RealtimeEvent, readEvent, responseUsage, soundBytes, transcriptionUsage } from './events.ts';
import { belongsTo, HeldAnswer, isAnswerItem } from './held-answers.ts';
import { USAGE } from './realtime-fixture.ts';
import { expectedUsage } from './response-reservation.ts';
import { SessionState } from './session-state.ts';
import { clientTexts, hasSound, itemTexts, sessionTexts, withoutMedia } from './texts.ts';

const TYPES = [
  'session.update',
  'conversation.item.create',
  'response.create',
  'input_audio_buffer.append',
  'response.output_text.delta',
  'response.output_item.done',
  'response.done',
  'x',
];
const count = fc.oneof(fc.nat(), fc.integer(), fc.double(), fc.jsonValue());
const details = fc.oneof(
  fc.jsonValue(),
  fc.record(
    { cached_tokens: count, audio_tokens: count, image_tokens: count, cached_tokens_details: fc.record({ audio_tokens: count, image_tokens: count }) },
    { requiredKeys: [] },
  ),
);
const usage = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      input_tokens: fc.oneof(fc.nat(), count),
      output_tokens: fc.oneof(fc.nat(), count),
      seconds: count,
      input_token_details: details,
      output_token_details: details,
    },
    { requiredKeys: [] },
  ),
);
const part = fc.oneof(
  fc.jsonValue(),
  fc.record({ type: fc.string(), text: fc.jsonValue(), transcript: fc.jsonValue(), audio: fc.jsonValue(), image_url: fc.jsonValue() }, { requiredKeys: [] }),
);
const item = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      id: fc.jsonValue(),
      role: fc.jsonValue(),
      type: fc.jsonValue(),
      content: fc.oneof(fc.jsonValue(), fc.array(part)),
      arguments: fc.jsonValue(),
      output: fc.jsonValue(),
    },
    { requiredKeys: [] },
  ),
);
const session = fc.oneof(
  fc.jsonValue(),
  fc.record(
    {
      instructions: fc.jsonValue(),
      turn_detection: fc.jsonValue(),
      input_audio_transcription: fc.oneof(fc.jsonValue(), fc.record({ model: fc.jsonValue(), prompt: fc.jsonValue() })),
      audio: fc.oneof(
        fc.jsonValue(),
        fc.record({ input: fc.oneof(fc.jsonValue(), fc.record({ turn_detection: fc.jsonValue(), transcription: fc.jsonValue(), format: fc.jsonValue() })) }),
      ),
      modalities: fc.jsonValue(),
      max_output_tokens: fc.jsonValue(),
      prompt: fc.oneof(fc.jsonValue(), fc.record({ variables: fc.jsonValue() })),
    },
    { requiredKeys: [] },
  ),
);
const response = fc.oneof(
  fc.jsonValue(),
  fc.record(
    { id: fc.jsonValue(), output: fc.oneof(fc.jsonValue(), fc.array(item)), input: fc.oneof(fc.jsonValue(), fc.array(item)), usage },
    { requiredKeys: [] },
  ),
);
const event: fc.Arbitrary<RealtimeEvent> = fc
  .record(
    {
      type: fc.constantFrom(...TYPES),
      item_id: fc.jsonValue(),
      content_index: fc.jsonValue(),
      delta: fc.jsonValue(),
      audio: fc.jsonValue(),
      part,
      item,
      session,
      response,
    },
    { requiredKeys: ['type'] },
  )
  .map((fields) => ({ type: fields.type, fields: JSON.parse(JSON.stringify(fields)) as Fields }));

describe('events', () => {
  it('of any text are read or are none', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        const read = readEvent(text);
        expect(read === null || (typeof read.type === 'string' && isFields(read.fields))).toBe(true);
      }),
    );
  });

  it('of any form are looked at without a fault', () => {
    fc.assert(
      fc.property(event, (given) => {
        const state = new SessionState();
        state.configure(given.fields.session);
        if (isFields(given.fields.item)) state.keep(given.fields.item);
        state.transcribed(given.fields.item_id, 'x');
        state.heard(given.fields.audio);
        expect(state.commit()).toBeGreaterThanOrEqual(0);
        const expected = expectedUsage(state, null, 10);
        expect(Number.isSafeInteger(expected.input) && expected.input >= 0).toBe(true);
        expect(Array.isArray(state.take())).toBe(true);
        for (const place of [...clientTexts(given), ...itemTexts(given.fields.item), ...sessionTexts(given.fields.session)]) {
          expect(place.text).not.toBe('');
          place.set('y');
        }
        expect(typeof hasSound(given)).toBe('boolean');
        expect(soundBytes(given.fields.audio)).toBeGreaterThanOrEqual(0);
        if (isFields(given.fields.item)) expect(isFields(withoutMedia(given.fields.item))).toBe(true);
        const held = new HeldAnswer();
        held.keep(given, 1);
        expect(typeof belongsTo(held, 'r', given) && typeof isAnswerItem(given.fields.item)).toBe('boolean');
        expect(held.release(new Map([...held.texts()].map(([key]) => [key, 'z']))).length).toBeLessThanOrEqual(1);
        expect(JSON.parse(errorEvent({ type: 't', code: null, message: 'm' }, given.fields.item_id, '1'))).toMatchObject({ type: 'error' });
      }),
    );
  });
});

describe('usage', () => {
  it('counts what the reference says it counts', () => {
    expect(responseUsage(USAGE)).toEqual({ input: 60, cachedInput: 40, cachedAudioInput: 30, audioInput: 40, output: 50, audioOutput: 30, total: 150 });
    expect(transcriptionUsage({ type: 'duration', seconds: 1.25 })).toEqual({ input: 0, output: 0, total: 0, audioMs: 1250 });
    expect(
      transcriptionUsage({ type: 'tokens', input_tokens: 14, output_tokens: 3, total_tokens: 17, input_token_details: { audio_tokens: 14 } }),
    ).toMatchObject({ input: 14, audioInput: 14, output: 3 });
  });

  it('of any form is none, or whole numbers whose parts never pass their whole', () => {
    fc.assert(
      fc.property(usage, (raw) => {
        for (const counted of [responseUsage(raw), transcriptionUsage(raw)]) {
          if (counted === null) continue;
          for (const value of Object.values(counted)) expect(Number.isSafeInteger(value) && value >= 0).toBe(true);
          expect(counted.audioInput ?? 0).toBeLessThanOrEqual(counted.input);
          expect(counted.imageInput ?? 0).toBeLessThanOrEqual(counted.input);
          expect(counted.cachedAudioInput ?? 0).toBeLessThanOrEqual(counted.cachedInput ?? 0);
          expect(counted.audioOutput ?? 0).toBeLessThanOrEqual(counted.output);
        }
      }),
    );
  });
});

describe('a held answer', () => {
  const at = { response_id: 'r', item_id: 'i', content_index: 0 };
  it('says what it said, however it is cut, and nothing of it once it is replaced', () => {
    const names = fc.constantFrom(
      { delta: 'response.output_audio_transcript.delta', done: 'response.output_audio_transcript.done', member: 'transcript' },
      { delta: 'response.audio_transcript.delta', done: 'response.audio_transcript.done', member: 'transcript' },
      { delta: 'response.text.delta', done: 'response.text.done', member: 'text' },
      { delta: 'response.output_text.delta', done: 'response.output_text.done', member: 'text' },
    );
    fc.assert(
      fc.property(names, fc.array(fc.stringMatching(/^[a-m]{1,8}$/), { minLength: 1, maxLength: 8 }), ({ delta, done, member }, words) => {
        const text = words.join('');
        const said = { id: 'i', type: 'message', role: 'assistant', content: [{ type: 'part', [member]: text }] };
        const events: RealtimeEvent[] = [
          ...words.map((piece) => ({ type: delta, fields: { type: delta, ...at, delta: piece } })),
          { type: 'response.output_audio.delta', fields: { type: 'response.output_audio.delta', ...at, delta: 'AAAA' } },
          { type: done, fields: { type: done, ...at, [member]: text } },
          { type: 'response.content_part.done', fields: { type: 'response.content_part.done', ...at, part: { [member]: text } } },
          { type: 'response.output_item.done', fields: { type: 'response.output_item.done', response_id: 'r', item: structuredClone(said) } },
          { type: 'response.done', fields: { type: 'response.done', response: { id: 'r', output: [structuredClone(said)] } } },
        ];
        const held = new HeldAnswer();
        for (const one of events) held.keep(structuredClone(one), 1);
        expect([...held.texts()]).toEqual([['i:0', text]]);
        expect(held.release(new Map())).toEqual(events);
        const changed = held.release(new Map([['i:0', '0']]));
        const values = changed
          .flatMap(({ fields }) => [fields.delta, fields[member], (fields.part as Fields | undefined)?.[member]])
          .filter((value) => value !== undefined);
        expect(new Set(values)).toEqual(new Set(['0']));
        expect(changed.some(({ type }) => type === 'response.output_audio.delta')).toBe(false);
        expect(JSON.stringify(changed.at(-1))).toContain(`"${member}":"0"`);
      }),
    );
  });

  it('is not looked at when it is too long, and keeps nothing then', () => {
    const held = new HeldAnswer();
    held.keep({ type: 'response.output_text.delta', fields: { ...at, delta: 'x' } }, 1);
    held.keep({ type: 'response.output_text.delta', fields: { ...at, delta: 'x' } }, 17 << 20);
    expect([held.isTooLong, held.release(new Map())]).toEqual([true, []]);
  });

  it('leaves out sound without words', () => {
    const held = new HeldAnswer();
    held.keep({ type: 'response.audio.delta', fields: { ...at, delta: 'AAAA' } }, 1);
    expect(held.release(new Map())).toEqual([]);
  });
});
