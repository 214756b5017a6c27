// The answer of a model as its events come: text, thoughts, calls of tools, usage. Pure.

export interface ToolCall {
  name: string;
  arguments: string;
}

export interface Answer {
  text: string;
  thinking: string;
  toolCalls: ToolCall[];
  inputTokens: number | null;
  outputTokens: number | null;
  finishReason: string | null;
  /** What went wrong after the answer had begun. */
  error: string | null;
}

export const NO_ANSWER: Answer = { text: '', thinking: '', toolCalls: [], inputTokens: null, outputTokens: null, finishReason: null, error: null };

type Json = Record<string, unknown>;

/** The answer after one more event of the stream; what is no event of it changes nothing. */
export function answerAfter(answer: Answer, data: string): Answer {
  if (data === '' || data === '[DONE]') return answer;
  const event = recordOf(parsed(data));
  const error = recordOf(event.error);
  if (typeof error.message === 'string') return { ...answer, error: error.message };
  const [choice] = Array.isArray(event.choices) ? event.choices : [];
  const { delta, finish_reason: finishReason } = recordOf(choice);
  const { content, reasoning_content: thinking, tool_calls: toolCalls } = recordOf(delta);
  const usage = recordOf(event.usage);
  return {
    text: answer.text + textOf(content),
    thinking: answer.thinking + textOf(thinking),
    toolCalls: Array.isArray(toolCalls) ? toolCalls.reduce<ToolCall[]>(withCall, answer.toolCalls) : answer.toolCalls,
    inputTokens: countOf(usage.prompt_tokens) ?? answer.inputTokens,
    outputTokens: countOf(usage.completion_tokens) ?? answer.outputTokens,
    finishReason: typeof finishReason === 'string' ? finishReason : answer.finishReason,
    error: answer.error,
  };
}

const MOST_CALLS = 256;

/** A call comes in pieces under its index. */
function withCall(calls: ToolCall[], piece: unknown): ToolCall[] {
  const { index, function: called } = recordOf(piece);
  const { name, arguments: text } = recordOf(called);
  const place = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < MOST_CALLS ? index : calls.length - 1;
  if (place < 0) return calls;
  const next = [...calls];
  while (next.length <= place) next.push({ name: '', arguments: '' });
  const known = next[place] as ToolCall;
  next[place] = { name: known.name + textOf(name), arguments: known.arguments + textOf(text) };
  return next;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const recordOf = (value: unknown): Json => (typeof value === 'object' && value !== null ? (value as Json) : {});
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');
const countOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
