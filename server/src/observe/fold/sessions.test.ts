// Chats whose client declares no session: joined by what was said, within one key, end user and day, and only when exactly one earlier call fits.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallSettled } from '#call-record.ts';
import { chatTurnOf } from '#observe/ingest/chat-turn.ts';
import { createFolder } from './folder.ts';
import { callRecord, NOW_US, settledCall } from './records-fixture.ts';
import { StoredRows } from './stored-rows-fixture.ts';

const LONG = 'これは会話をほかの会話と区別できるだけの長さがある、とても丁寧な答えです。もう少し続きます。';
type Message = { role: string; content: unknown };
const user = (content: unknown): Message => ({ role: 'user', content });
const assistant = (content: unknown): Message => ({ role: 'assistant', content });
const callIdOf = (number: number): string => `019ab0d2c4007abc8def${String(number).padStart(12, '0')}`;

function setUp(options: { inferSessions?: boolean } = {}) {
  const store = new StoredRows();
  const folder = createFolder({ lookup: store, price: null, retentionClass: () => 0, now: () => NOW_US / 1000, ...options });
  let sequence = 0;
  const say = async (number: number, messages: Message[], answer: string, more: Partial<CallSettled> = {}) => {
    sequence += 1;
    const call = settledCall({ callId: callIdOf(number), sessionId: null, startedAtUs: NOW_US + number * 1_000_000, ...more });
    const record = callRecord(sequence, call, JSON.stringify({ model: 'm', messages }), JSON.stringify({ choices: [{ message: assistant(answer) }] }));
    store.write(await folder.fold([record]));
    folder.committed();
  };
  const sessions = () => Object.fromEntries(store.observationRows.map((row) => [row.id.slice(-1), row.session_id]));
  return { store, say, sessions };
}

describe('chats without a declared session', () => {
  it('are joined turn by turn, marked, and carry the session on their traces', async () => {
    const { store, say, sessions } = setUp();
    await say(1, [{ role: 'system', content: 'be kind' }, user('hello')], LONG);
    await say(2, [{ role: 'system', content: 'be kind' }, user('hello'), assistant(` ${LONG}\n`), user([{ type: 'text', text: 'and then?' }])], `${LONG}2`);
    await say(3, [{ role: 'system', content: 'be kind' }, user('hello'), assistant(LONG), user('and then?'), assistant(`${LONG}2`), user('thanks')], 'Bye.');
    const session = `inferred-${callIdOf(1).slice(16)}`;
    expect(sessions()).toEqual({ 1: session, 2: session, 3: session });
    expect(store.observationRows.every(({ metadata, is_trace: isTrace }) => metadata.session === 'inferred' && isTrace === 1)).toBe(true);
  });

  it('join a session that the earlier call declared, and leave a declared one alone', async () => {
    const { say, sessions } = setUp();
    await say(1, [user('hello')], LONG, { sessionId: 'declared' });
    await say(2, [user('hello'), assistant(LONG), user('more')], `${LONG}2`);
    await say(3, [user('hello'), assistant(LONG), user('more'), assistant(`${LONG}2`), user('x')], LONG, { sessionId: 'own' });
    expect(sessions()).toEqual({ 1: 'declared', 2: 'declared', 3: 'own' });
  });

  it.each<[string, Message[], string, Partial<CallSettled>]>([
    ['another end user', [user('hello'), assistant(LONG), user('more')], LONG, { endUser: 'somebody-else' }],
    ['another key', [user('hello'), assistant(LONG), user('more')], LONG, { path: { ...settledCall().path, keyId: 'other' } }],
    ['another text', [user('hello!'), assistant(LONG), user('more')], LONG, {}],
    ['a day later', [user('hello'), assistant(LONG), user('more')], LONG, { startedAtUs: NOW_US + 86_500_000_000 }],
  ])('are not joined across %s', async (_, messages, answer, more) => {
    const { say, sessions } = setUp();
    await say(1, [user('hello')], LONG);
    await say(2, messages, answer, more);
    expect(sessions()).toEqual({ 1: null, 2: null });
  });

  it('are not joined by a short answer, nor where two earlier calls fit, nor when it is switched off', async () => {
    const short = setUp();
    await short.say(1, [user('hello')], 'Yes.');
    await short.say(2, [user('hello'), assistant('Yes.'), user('more')], LONG);
    expect(short.sessions()).toEqual({ 1: null, 2: null });
    const twice = setUp();
    await twice.say(1, [user('hello')], LONG);
    await twice.say(2, [user('hello')], LONG);
    await twice.say(3, [user('hello'), assistant(LONG), user('more')], LONG);
    expect(twice.sessions()).toEqual({ 1: null, 2: null, 3: null });
    const off = setUp({ inferSessions: false });
    await off.say(1, [user('hello')], LONG);
    await off.say(2, [user('hello'), assistant(LONG), user('more')], LONG);
    expect(off.sessions()).toEqual({ 1: null, 2: null });
  });

  it('give the same sessions when a stretch of the journal is folded again', async () => {
    const { store, say, sessions } = setUp();
    for (let round = 0; round < 2; round += 1) {
      await say(1, [user('hello')], LONG);
      await say(2, [user('hello'), assistant(LONG), user('more')], `${LONG}2`);
    }
    const session = `inferred-${callIdOf(1).slice(16)}`;
    expect(sessions()).toEqual({ 1: session, 2: session });
    expect(store.observationRows).toHaveLength(2);
  });
});

describe('the turn of a chat', () => {
  it('is found or not in whatever a client sends, and never throws', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.option(fc.jsonValue()), (messages, answer) => {
        const turn = chatTurnOf(messages, answer === null ? null : JSON.stringify(answer));
        return turn === null || typeof (turn.before ?? turn.after) === 'string';
      }),
    );
    expect(chatTurnOf(undefined, '{')).toBeNull();
  });

  it('goes on from exactly what the call before left', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1, maxLength: 4 }), fc.string({ minLength: 60 }), fc.string(), (texts, answer, next) => {
        fc.pre(answer.trim().length >= 40);
        const messages = texts.map((text, index) => (index % 2 === 0 ? user(text) : assistant(text)));
        const first = chatTurnOf(messages, JSON.stringify(assistant(answer)));
        const second = chatTurnOf([...messages, assistant(answer), user(next)], null);
        return first?.after === second?.before && first?.after !== null;
      }),
    );
  });
});
