// OpenAI's chat as Databricks speaks it: content may be a list with reasoning in it, in whole answers, in streams and in what is sent back. Source: Databricks' reference of the foundation model APIs.
import type { ChatChunk, ChatDelta, ChatMessage, ThinkingBlock } from '#gateway/providers/chat.ts';
import { openAiWire } from '#gateway/providers/openai/wire.ts';
import type { ChunkReader, Wire } from '#gateway/providers/wire.ts';
import { type Fields, fieldsOf, objectsOf, textOf } from '#lib/json.ts';

/** Cache marks and thinking are understood: Claude is behind many endpoints. */
const base = openAiWire(false);

export const databricksWire: Wire = (chat, facts) => {
  const { stream_options: _, ...asked } = chat;
  const call = base({ ...asked, messages: chat.messages.map(sentBack) }, facts);
  return {
    ...call,
    answer(body) {
      const answer = call.answer(body);
      return { ...answer, choices: answer.choices.map((choice) => ({ ...choice, message: spoken(choice.message) })) };
    },
    stream: () => readApart(call.stream()),
  };
};

/** Counts stand on any chunk, even on each: they become the one chunk at the end that OpenAI has for them. */
function readApart(reader: ChunkReader): ChunkReader {
  let counts: ChatChunk | null = null;
  const apart = (chunks: readonly ChatChunk[], ended: boolean): ChatChunk[] => {
    const out: ChatChunk[] = [];
    for (const { usage, ...chunk } of chunks) {
      if (usage) counts = { ...chunk, choices: [], usage };
      if (chunk.choices.length > 0) out.push({ ...chunk, choices: chunk.choices.map((choice) => ({ ...choice, delta: spoken(choice.delta) })) } as ChatChunk);
    }
    if (!ended || counts === null) return out;
    const last = counts;
    counts = null;
    return [...out, last];
  };
  return {
    push: (bytes) => apart(reader.push(bytes), reader.done),
    end() {
      const last = reader.end();
      return last === null ? null : apart(last, true);
    },
    get done() {
      return reader.done;
    },
  };
}

/** A list as text, with the thinking beside it. */
function spoken<Part extends ChatMessage | ChatDelta>(part: Part): Part {
  const content: unknown = part.content;
  if (!Array.isArray(content)) return part;
  const parts = objectsOf(content);
  const blocks = parts.filter((block) => block.type === 'reasoning').flatMap(thinkingOf);
  const text = parts.map((block) => (block.type === 'text' ? textOf(block.text) : '')).join('');
  if (blocks.length === 0) return { ...part, content: text };
  const thought = blocks.map((block) => (block.type === 'thinking' ? block.thinking : '')).join('');
  return { ...part, content: text === '' ? null : text, reasoning_content: thought, thinking_blocks: blocks };
}

function thinkingOf(block: Fields): ThinkingBlock[] {
  return objectsOf(block.summary).map((summary) =>
    summary.type === 'summary_encrypted_text'
      ? { type: 'redacted_thinking', data: textOf(summary.data) }
      : { type: 'thinking', thinking: textOf(summary.text), signature: textOf(summary.signature) || null },
  );
}

/** Thinking that a client brings back stands in the content again. */
function sentBack(message: Fields): Fields {
  const { thinking_blocks: blocks, reasoning_content: _, provider_specific_fields: __, is_error: ___, ...rest } = message;
  const thought = objectsOf(blocks);
  if (thought.length === 0) return rest;
  const content = typeof rest.content === 'string' ? [{ type: 'text', text: rest.content }] : objectsOf(rest.content);
  const summary = thought.map((block) =>
    block.type === 'redacted_thinking'
      ? { type: 'summary_encrypted_text', data: block.data }
      : { type: 'summary_text', text: block.thinking, signature: fieldsOf(block).signature },
  );
  return { ...rest, content: [{ type: 'reasoning', summary }, ...content] };
}
