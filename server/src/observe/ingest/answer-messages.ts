// The answer of a Messages call as one message: out of a JSON body, or put together from the blocks of an event stream.
import { type Answer, answerOfJson, streamData, textOrNull } from './answer.ts';
import { isObject, parseJson } from './text.ts';

/** A whole Messages answer, or an error body. */
export function answerOfMessages(text: string): Answer {
  const body = parseJson(text);
  if (!isObject(body) || !Array.isArray(body.content)) return answerOfJson(text);
  const output = JSON.stringify({ role: body.role ?? 'assistant', content: body.content, stop_reason: body.stop_reason ?? null });
  return { id: textOrNull(body.id), model: textOrNull(body.model), output };
}

type Block = Record<string, unknown>;

/** An event stream: each block with its deltas joined, the stop reason, and the error that ended it. */
export function answerOfMessagesStream(text: string): Answer {
  const draft: Draft = { id: null, model: null, blocks: new Map(), rest: {} };
  for (const data of streamData(text)) {
    const event = parseJson(data);
    if (isObject(event)) addEvent(draft, event);
  }
  const content = [...draft.blocks.values()].map(finished);
  const empty = content.length === 0 && Object.keys(draft.rest).length === 0;
  return { id: draft.id, model: draft.model, output: empty ? null : JSON.stringify({ role: 'assistant', content, ...draft.rest }) };
}

interface Draft extends Pick<Answer, 'id' | 'model'> {
  blocks: Map<unknown, Block>;
  rest: Record<string, unknown>;
}

function addEvent(draft: Draft, event: Record<string, unknown>): void {
  const part = (name: string): Record<string, unknown> => (isObject(event[name]) ? event[name] : {});
  switch (event.type) {
    case 'message_start':
      draft.id = textOrNull(part('message').id);
      draft.model = textOrNull(part('message').model);
      return;
    case 'content_block_start':
      draft.blocks.set(event.index, { ...part('content_block') });
      return;
    case 'content_block_delta':
      addDelta(draft.blocks, event.index, part('delta'));
      return;
    case 'message_delta':
      draft.rest.stop_reason = part('delta').stop_reason ?? null;
      return;
    case 'error':
      draft.rest.error = event.error;
      return;
    default:
  }
}

/** Delta member -> block member. */
const TEXTS: Readonly<Record<string, string>> = { text: 'text', thinking: 'thinking', signature: 'signature', partial_json: 'partial_json' };

function addDelta(blocks: Map<unknown, Block>, index: unknown, delta: Record<string, unknown>): void {
  const block = blocks.get(index) ?? {};
  blocks.set(index, block);
  for (const [name, member] of Object.entries(TEXTS)) {
    const piece = delta[name];
    if (typeof piece === 'string') block[member] = `${typeof block[member] === 'string' ? block[member] : ''}${piece}`;
  }
  if (delta.citation !== undefined) block.citations = [...(Array.isArray(block.citations) ? block.citations : []), delta.citation];
}

/** A tool's input comes as JSON text in pieces. */
function finished(block: Block): Block {
  const { partial_json: text, ...rest } = block;
  if (typeof text !== 'string') return rest;
  return { ...rest, input: text === '' ? {} : (parseJson(text) ?? text) };
}
