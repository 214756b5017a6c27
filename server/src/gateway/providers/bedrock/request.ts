// An OpenAI chat request -> a Converse request. Sources: AWS's public API reference; litellm.md §3.9 for LiteLLM's choices.
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { unsupportedParameter, withoutUnsupported } from '#gateway/providers/parameters.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { defined, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { type Conversation, conversationOf } from './content.ts';

/** Stands for `response_format`, which Converse does not have: the model is made to call it, and the call is the answer. */
export const JSON_TOOL = 'json_tool_call';
const UNSUPPORTED: ReadonlySet<string> = new Set(
  `n frequency_penalty presence_penalty logit_bias logprobs top_logprobs seed modalities audio prediction store stream_options verbosity safety_identifier
  prompt_cache_key prompt_cache_retention functions function_call user parallel_tool_calls web_search_options service_tier cache_control`.split(/\s+/),
);
/** Members of Converse itself; what is neither one of these nor rewritten is for the model (additionalModelRequestFields). */
const OWN: ReadonlySet<string> = new Set(
  'guardrailConfig performanceConfig requestMetadata promptVariables additionalModelResponseFieldPaths serviceTier'.split(' '),
);
const REWRITTEN: ReadonlySet<string> = new Set(
  `model messages stream max_tokens max_completion_tokens stop tools tool_choice response_format reasoning_effort thinking temperature top_p
  additionalModelRequestFields output_config`.split(/\s+/),
);

/** The body of `/converse` and `/converse-stream`; `jsonTool` says that the answer comes as a call of JSON_TOOL. */
export function converseRequest(chat: ChatRequest, facts: WireFacts): { body: Fields; jsonTool: boolean } {
  const asked = withoutUnsupported(chat, UNSUPPORTED, 'bedrock', facts.dropParams);
  const conversation = conversationOf(objectsOf(asked.messages));
  const json = jsonTool(fieldsOf(asked.response_format));
  const inference = defined({
    maxTokens: asked.max_completion_tokens ?? asked.max_tokens,
    temperature: asked.temperature,
    topP: asked.top_p,
    stopSequences: stopSequences(asked.stop),
  });
  const more = defined({ ...modelFields(asked, facts.model), ...fieldsOf(asked.additionalModelRequestFields) });
  const body = defined({
    ...Object.fromEntries(Object.entries(asked).filter(([key]) => OWN.has(key))),
    messages: conversation.messages,
    system: conversation.system.length === 0 ? undefined : conversation.system,
    inferenceConfig: Object.keys(inference).length === 0 ? undefined : inference,
    toolConfig: toolConfig(asked, facts, conversation, json),
    additionalModelRequestFields: Object.keys(more).length === 0 ? undefined : more,
  });
  return { body, jsonTool: json !== null };
}

function stopSequences(stop: unknown): unknown[] | undefined {
  const texts = (Array.isArray(stop) ? stop : [stop]).filter((text) => typeof text === 'string' && text !== '');
  return texts.length === 0 ? undefined : texts;
}

const BUDGETS: Readonly<Record<string, number>> = { minimal: 1024, low: 1024, medium: 2048, high: 4096, xhigh: 8192, max: 16384 };

/** What goes to the model itself: thinking in Claude's words, an effort in everybody else's, and members that nobody here knows. */
function modelFields(asked: Fields, model: string): Fields {
  const unknown = Object.fromEntries(Object.entries(asked).filter(([key]) => !OWN.has(key) && !REWRITTEN.has(key)));
  const effort = textOf(asked.reasoning_effort);
  if (!model.includes('claude')) return { ...unknown, reasoning_effort: effort || undefined };
  const budget = Object.hasOwn(BUDGETS, effort) ? { type: 'enabled', budget_tokens: BUDGETS[effort] } : undefined;
  return { ...unknown, thinking: asked.thinking ?? budget };
}

function jsonTool(format: Fields): Fields | null {
  if (format.type !== 'json_schema' && format.type !== 'json_object') return null;
  const schema = fieldsOf(fieldsOf(format.json_schema).schema);
  return spec(JSON_TOOL, 'Gives the answer as JSON.', { type: 'object', ...schema });
}

function spec(name: string, description: string, schema: Fields): Fields {
  return { toolSpec: defined({ name, description: description || undefined, inputSchema: { json: schema } }) };
}

function toolConfig(asked: Fields, facts: WireFacts, conversation: Conversation, json: Fields | null): Fields | undefined {
  const given = asked.tool_choice === 'none' && conversation.called.size === 0 ? [] : objectsOf(asked.tools);
  const tools = given.flatMap((tool) => toolBlocks(tool, facts));
  // A conversation with calls is refused when its tools are not named again.
  if (tools.length === 0) for (const name of conversation.called) tools.push(spec(name, '', { type: 'object', properties: {} }));
  if (json !== null) tools.push(json);
  if (tools.length === 0) return undefined;
  return defined({ tools, toolChoice: toolChoice(asked, json !== null) });
}

function toolBlocks(tool: Fields, facts: WireFacts): Fields[] {
  if (isFields(tool.toolSpec) || isFields(tool.cachePoint) || isFields(tool.systemTool)) return [tool];
  if (tool.type !== 'function' || !isFields(tool.function)) {
    if (facts.dropParams) return [];
    throw unsupportedParameter('tools', 'bedrock');
  }
  const { name, description, parameters } = tool.function;
  const block = spec(textOf(name), textOf(description), { type: 'object', properties: {}, ...fieldsOf(parameters) });
  return isFields(tool.cache_control) ? [block, { cachePoint: { type: 'default' } }] : [block];
}

function toolChoice(asked: Fields, json: boolean): Fields | undefined {
  const thinks = asked.thinking !== undefined || Object.hasOwn(BUDGETS, textOf(asked.reasoning_effort));
  if (json && !thinks) return objectsOf(asked.tools).length > 0 ? { any: {} } : { tool: { name: JSON_TOOL } };
  const name = fieldsOf(fieldsOf(asked.tool_choice).function).name;
  if (name !== undefined) return { tool: { name } };
  if (asked.tool_choice === 'required') return { any: {} };
  return asked.tool_choice === 'auto' ? { auto: {} } : undefined;
}
