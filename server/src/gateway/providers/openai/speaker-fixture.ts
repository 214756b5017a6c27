// For tests: what an upstream of OpenAI's kind says and how it understands a request; for every provider that speaks this language.
import type { ProviderUnderTest, Said } from '#gateway/providers/conformance.ts';
import type { Seen } from '#gateway/providers/upstream-fixture.ts';
import { fieldsOf, objectsOf, textOf } from '#lib/json.ts';

const usage = ({ usage: { input, cached, output } }: Said) => ({
  prompt_tokens: input + cached,
  completion_tokens: output,
  total_tokens: input + cached + output,
  prompt_tokens_details: { cached_tokens: cached },
});
const toolCalls = (said: Said) =>
  said.calls?.map(({ id, name, input }, index) => ({ index, id, type: 'function', function: { name, arguments: JSON.stringify(input) } }));

function frames(said: Said): string[] {
  const base = { id: 'chatcmpl-1', object: 'chat.completion.chunk', created: 1, model: 'gpt-4o' };
  const frame = (delta: object, finish: string | null = null) =>
    `data: ${JSON.stringify({ ...base, choices: [{ index: 0, delta, finish_reason: finish }] })}\n\n`;
  return [
    frame({ role: 'assistant', content: '' }),
    ...(said.thinking?.text ?? []).map((reasoning_content) => frame({ reasoning_content })),
    ...(said.text ?? []).map((content) => frame({ content })),
    ...(toolCalls(said) ?? []).flatMap((call) => [
      frame({ tool_calls: [{ ...call, function: { name: call.function.name, arguments: '' } }] }),
      frame({ tool_calls: [{ index: call.index, function: { arguments: call.function.arguments } }] }),
    ]),
    frame({}, said.stop),
    `data: ${JSON.stringify({ ...base, choices: [], usage: usage(said) })}\n\n`,
    'data: [DONE]\n\n',
  ];
}

export const OPENAI_SPEAKER: Pick<ProviderUnderTest, 'spoken' | 'understood' | 'cannot'> = {
  cannot: { signature: true, cacheWrites: true },
  spoken: {
    whole(said) {
      const message = { role: 'assistant', content: said.text?.join('') ?? null, reasoning_content: said.thinking?.text.join(''), tool_calls: toolCalls(said) };
      const answer = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'gpt-4o' };
      return JSON.stringify({ ...answer, choices: [{ index: 0, message, finish_reason: said.stop }], usage: usage(said) });
    },
    frames,
    error: (_status, message) => JSON.stringify({ error: { message, type: 'requests', code: null } }),
    failedFrames: (message) => [`data: ${JSON.stringify({ error: { message, code: 503 } })}\n\n`],
  },
  understood({ body }: Seen) {
    const messages = objectsOf(body.messages);
    const parts = messages.flatMap((message) => (message.role === 'user' ? objectsOf(message.content) : []));
    const first = messages[0]?.content;
    return {
      system:
        typeof first === 'string'
          ? first
          : objectsOf(first)
              .map((part) => textOf(part.text))
              .join(''),
      texts: parts.filter((part) => part.type === 'text').map((part) => textOf(part.text)),
      tools: objectsOf(body.tools).map((tool) => textOf(fieldsOf(tool.function).name)),
      maxTokens: Number(body.max_tokens),
      pictures: parts.filter((part) => part.type === 'image_url').map((part) => /^data:([^;]*)/.exec(textOf(fieldsOf(part.image_url).url))?.[1] ?? ''),
      results: messages.filter((message) => message.role === 'tool').map((message) => textOf(message.content)),
      toolChoice: textOf(body.tool_choice),
    };
  },
};
