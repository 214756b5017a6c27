// What an evaluator is given: the context of Langfuse's code evaluators (`ctx.observation`, `ctx.experiment`), and what traces and sessions have beyond it.
import { fieldsOf, textOf } from '#lib/json.ts';
import type { Material } from '#observe/evaluation/targets.ts';

/** Variables of every code evaluator, as the API lists them; nobody maps them. */
export const CODE_VARIABLES = ['input', 'output', 'metadata', 'tool_calls', 'expected_output', 'experiment_item_metadata'] as const;

/** The context as JSON text. */
export function contextTextOf({ sources }: Pick<Material, 'sources'>): string {
  const { input = null, output = null, metadata = {}, tool_calls: toolCalls, observations, conversation } = sources;
  return JSON.stringify({
    observation: { input, output, metadata, toolCalls: toolCallsOf(toolCalls) },
    ...(Object.hasOwn(sources, 'expected_output')
      ? { experiment: { itemExpectedOutput: sources.expected_output ?? null, itemMetadata: sources.experiment_item_metadata ?? null } }
      : {}),
    ...(observations === undefined ? {} : { observations }),
    ...(conversation === undefined ? {} : { conversation }),
  });
}

interface ToolCall {
  id: string;
  name: string;
  /** As the model wrote them: JSON text. */
  arguments: string;
  type: string;
  index: number;
}

/** OpenAI's calls and Anthropic's in one form. */
function toolCallsOf(calls: unknown): ToolCall[] {
  if (!Array.isArray(calls)) return [];
  return calls.map((call, index) => {
    const fields = fieldsOf(call);
    const called = fieldsOf(fields.function ?? fields.custom);
    const given = called.arguments ?? called.input ?? fields.arguments ?? fields.input ?? '';
    return {
      id: textOf(fields.id),
      name: textOf(called.name) || textOf(fields.name),
      arguments: typeof given === 'string' ? given : JSON.stringify(given),
      type: fields.type === 'tool_use' ? 'function' : textOf(fields.type) || 'function',
      index,
    };
  });
}
