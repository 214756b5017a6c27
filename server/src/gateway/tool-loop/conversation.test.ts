// What a model says is read whatever it looks like: no answer and no event breaks a conversation, no split of a stream changes it.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ClientResponse } from '#gateway/call.ts';
import { functionItems, withoutMcp } from '#gateway/dialects/responses/mcp-items.ts';
import { type InnerEvents, InnerResponse } from '#gateway/inner-response.ts';
import { readRequest } from '#gateway/request.ts';
import { AppError } from '#lib/errors.ts';
import { type Fields, isFields, textOf } from '#lib/json.ts';
import { ChatConversation } from './chat-conversation.ts';
import { addedUsage } from './conversation.ts';
import { functionName, type Offered } from './offered.ts';
import { ResponsesConversation } from './responses-conversation.ts';
import { wantedTools } from './wanted.ts';

const tool = { name: 'tools-echo', label: 'l', tool: 'echo', description: '', schema: {}, runs: true } as unknown as Offered['lists'][number]['tools'][number];
const OFFERED: Offered = { lists: [{ label: 'l', tools: [tool], problem: null }], byName: new Map([['tools-echo', tool]]), tools: [{ offered: tool }] };

/** JSON whose members have the names that are looked for. */
const NAMES =
  'type error choices index delta message role content tool_calls id function name arguments finish_reason usage thinking_blocks provider_specific_fields item output output_index call_id response status encrypted_content'.split(
    ' ',
  );
const WORDS = [
  'tools-echo',
  'function_call',
  'response.output_item.added',
  'response.output_item.done',
  'response.completed',
  'response.created',
  'mcp_call',
  'mcp_gw_1',
  'stop',
];
const { json } = fc.letrec<{ json: unknown }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    fc.oneof(fc.constantFrom(...WORDS), fc.string(), fc.integer({ min: -2, max: 5 }), fc.boolean(), fc.constant(null)),
    fc.array(tie('json'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...NAMES), tie('json'), { maxKeys: 5 }),
  ),
}));
const objects = json.filter(isFields);

describe('a conversation', () => {
  it('takes any answer and any event, and still has a next body, an answer and an end', () => {
    fc.assert(
      fc.property(fc.array(objects, { maxLength: 5 }), objects, fc.boolean(), (events, whole, isChat) => {
        const talk = () =>
          isChat
            ? new ChatConversation({ messages: [] }, OFFERED, true)
            : new ResponsesConversation({ input: 'x' }, OFFERED, { callId: 'c', isStream: true, kept: true });
        const frames: string[] = [];
        const streaming = talk();
        for (const event of events) streaming.event(event, (frame) => frames.push(frame));
        const turn = streaming.streamed();
        streaming.used(
          (turn?.uses ?? []).map((use) => ({ use, text: 'done', failed: false })),
          (frame) => frames.push(frame),
        );
        expect(typeof streaming.ending()).toBe('string');
        for (const frame of frames) expect(frame === '' || frame.endsWith('\n\n')).toBe(true);
        const once = talk();
        const { uses } = once.whole(whole);
        once.used(
          uses.map((use) => ({ use, text: 'done', failed: true })),
          () => {},
        );
        JSON.parse(JSON.stringify([once.body(false), once.body(true), once.answer()]));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a stream of one model call', () => {
  it('brings the same events however its bytes are cut', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue(), { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (values, cuts) => {
        const bytes = Buffer.from(values.map((value) => `: note\n\ndata: ${JSON.stringify({ value })}\n\n`).join(''));
        const seen: string[] = [];
        const events: InnerEvents = { began: () => {}, event: (data) => seen.push(data), tooLong: () => {} };
        const response = new InnerResponse({ destroyed: false, writableNeedDrain: false } as ClientResponse, events);
        response.writeHead(200, ['content-type', 'text/event-stream']);
        for (let at = 0, cut = 0; at < bytes.length; cut++) {
          const length = cuts[cut % cuts.length] as number;
          response.write(bytes.subarray(at, at + length));
          at += length;
        }
        response.end();
        expect(seen).toEqual(values.map((value) => JSON.stringify({ value })));
      }),
    );
  });
});

describe('the tools of a call', () => {
  it('are read, left alone, or refused with 400, whatever they are', () => {
    const entry = fc.record({
      type: fc.constantFrom('mcp', 'function', 1),
      server_url: fc.oneof(fc.constantFrom('litellm_proxy', 'litellm_proxy/mcp/a,b', 'litellm_proxy/a/mcp', 'litellm_proxyx'), fc.webUrl()),
    });
    const members = fc.dictionary(fc.constantFrom('allowed_tools', 'require_approval', 'headers', 'server_label'), fc.jsonValue(), { maxKeys: 3 });
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            fc.tuple(entry, members).map(([one, more]) => ({ ...one, ...more })),
            fc.jsonValue(),
          ),
        ),
        (tools) => {
          const asked = readRequest(Buffer.from(JSON.stringify({ model: 'm', tools })), null, 'chat');
          try {
            const wanted = wantedTools({ endpoint: 'chat', asked });
            expect(wanted === null || wanted.length === tools.length).toBe(true);
          } catch (error) {
            expect(error instanceof AppError && error.status === 400).toBe(true);
          }
        },
      ),
    );
  });

  it('have names that every provider takes, each its own', () => {
    const listed = (server: string, name: string) => ({ allowed: { server: { name: server } }, tool: { name } }) as never;
    fc.assert(
      fc.property(
        fc.string({ minLength: 1 }),
        fc.string({ minLength: 1, maxLength: 100 }),
        fc.string({ minLength: 1, maxLength: 100 }),
        (server, one, other) => {
          expect(functionName(listed(server, one))).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
          if (one !== other) expect(functionName(listed(server, one))).not.toBe(functionName(listed(server, other)));
        },
      ),
    );
  });
});

describe('counts and items', () => {
  it('are added member by member', () => {
    expect(addedUsage({ a: 1, b: { c: 2 }, d: null }, { a: 2, b: { c: 3, e: 1 }, d: { f: 1 } })).toEqual({ a: 3, b: { c: 5, e: 1 }, d: { f: 1 } });
    const counts = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.nat({ max: 1_000 }));
    fc.assert(
      fc.property(counts, counts, (one, other) => {
        const sum = addedUsage(one, other) as Record<string, number>;
        for (const key of ['a', 'b', 'c']) expect(sum[key] ?? 0).toBe((one[key] ?? 0) + (other[key] ?? 0));
      }),
    );
  });

  it('of MCP become functions where they are ours, and are left alone where they are an upstream’s', () => {
    fc.assert(
      fc.property(objects, (item) => {
        const items: Fields[] = withoutMcp(item);
        if (!textOf(item.id).startsWith('mcp')) expect(items).toEqual([item]);
        expect(functionItems(item) === null).toBe(item.type !== 'mcp_call' && item.type !== 'mcp_list_tools');
      }),
    );
  });
});
