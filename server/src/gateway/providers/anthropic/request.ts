// An OpenAI chat request -> a Messages request. Sources: Anthropic's public API reference and the types of its SDK; litellm.md §3.9 for LiteLLM's choices.
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { withoutUnsupported } from '#gateway/providers/parameters.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { defined, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { conversationOf } from './messages.ts';
import { adaptsThinking, hasOutputFormat } from './models.ts';

/** Used when neither the request nor the model's own limit says how long an answer may be (LiteLLM's default). */
const DEFAULT_MAX_TOKENS = 4096;
const LEAST_THINKING_BUDGET = 1024;
/** Stands for `response_format` on models without output formats: the model is made to call it, and the call is the answer. */
export const JSON_TOOL = 'json_tool_call';

const UNSUPPORTED: ReadonlySet<string> = new Set(
  `n frequency_penalty presence_penalty logit_bias logprobs top_logprobs seed modalities audio prediction store stream_options verbosity
  safety_identifier prompt_cache_key prompt_cache_retention functions function_call`.split(/\s+/),
);
/** Members that are rewritten; every other one passes by its own name (top_k, thinking, mcp_servers ...). */
const REWRITTEN: ReadonlySet<string> = new Set(
  `model messages stream max_tokens max_completion_tokens stop tools tool_choice parallel_tool_calls response_format reasoning_effort user
  service_tier web_search_options metadata`.split(/\s+/),
);

/** The body; `jsonTool` says that the answer comes as a call of JSON_TOOL. */
export function messagesRequest(chat: ChatRequest, facts: WireFacts): { body: Fields; jsonTool: boolean } {
  const asked = withoutUnsupported(chat, UNSUPPORTED, 'anthropic', facts.dropParams);
  const { system, messages } = conversationOf(objectsOf(asked.messages));
  const format = formatOf(asked, facts.model);
  const thinking = thinkingOf(asked, facts.model);
  const tools = [...toolsOf(asked), ...format.tools];
  const body = defined({
    ...Object.fromEntries(Object.entries(asked).filter(([key]) => !REWRITTEN.has(key))),
    model: facts.model,
    max_tokens: maxTokens(asked, facts, thinking.thinking),
    system: system.length === 0 ? undefined : system,
    messages,
    stop_sequences: stopSequences(asked.stop),
    tools: tools.length === 0 ? undefined : tools,
    tool_choice: toolChoice(asked, format.tools.length > 0 && thinking.thinking === undefined, tools.length > 0),
    thinking: thinking.thinking,
    output_config: outputConfig(asked, format.format, thinking.effort),
    metadata: metadataOf(asked),
    service_tier: serviceTier(asked.service_tier),
    stream: facts.stream ? true : undefined,
  });
  return { body, jsonTool: format.tools.length > 0 };
}

function maxTokens(asked: Fields, facts: WireFacts, thinking: unknown): number {
  const stated = asked.max_completion_tokens ?? asked.max_tokens;
  if (typeof stated === 'number') return stated;
  const limit = facts.deployment.info.max_output_tokens ?? facts.deployment.info.max_tokens;
  const budget = fieldsOf(thinking).budget_tokens;
  return (typeof limit === 'number' ? limit : DEFAULT_MAX_TOKENS) + (typeof budget === 'number' && typeof limit !== 'number' ? budget : 0);
}

/** White space alone is refused as a stop sequence. */
function stopSequences(stop: unknown): string[] | undefined {
  const texts = (Array.isArray(stop) ? stop : [stop]).filter((text): text is string => typeof text === 'string' && text.trim() !== '');
  return texts.length === 0 ? undefined : texts;
}

function toolsOf(asked: Fields): Fields[] {
  const tools = objectsOf(asked.tools).map(toolOf);
  return isFields(asked.web_search_options) ? [...tools, webSearch(asked.web_search_options)] : tools;
}

/** Functions are translated; tools of Anthropic's own (`web_search_...`, `computer_...`) pass as they are. */
function toolOf(tool: Fields): Fields {
  if (tool.type !== 'function' || !isFields(tool.function)) return tool;
  const { name, description, parameters, cache_control: inner, ...more } = tool.function;
  const schema = isFields(parameters) ? parameters : {};
  return defined({
    ...more,
    name,
    description,
    input_schema: { ...schema, type: 'object', properties: fieldsOf(schema.properties) },
    cache_control: tool.cache_control ?? inner,
    strict: more.strict === true ? true : undefined,
  });
}

function webSearch(options: Fields): Fields {
  const place = fieldsOf(fieldsOf(options.user_location).approximate);
  const uses = { low: 1, medium: 5, high: 10 }[textOf(options.search_context_size)];
  const location = Object.keys(place).length === 0 ? undefined : { type: 'approximate', ...place };
  return defined({ type: 'web_search_20250305', name: 'web_search', max_uses: uses, user_location: location });
}

function toolChoice(asked: Fields, forceJson: boolean, hasTools: boolean): Fields | undefined {
  if (!hasTools) return undefined;
  const single = asked.parallel_tool_calls === false ? { disable_parallel_tool_use: true } : {};
  const name = fieldsOf(fieldsOf(asked.tool_choice).function).name;
  if (forceJson) return asked.tools === undefined ? { type: 'tool', name: JSON_TOOL } : { type: 'any', ...single };
  if (name !== undefined) return { type: 'tool', name, ...single };
  if (asked.tool_choice === 'required') return { type: 'any', ...single };
  if (asked.tool_choice === 'none') return { type: 'none' };
  return asked.tool_choice === 'auto' || asked.parallel_tool_calls === false ? { type: 'auto', ...single } : undefined;
}

/** JSON answers: the model's own output format, or for older models a tool that stands for it. */
function formatOf(asked: Fields, model: string): { format: Fields | undefined; tools: Fields[] } {
  const wanted = fieldsOf(asked.response_format);
  if (wanted.type !== 'json_schema' && wanted.type !== 'json_object') return { format: undefined, tools: [] };
  const schema = wanted.type === 'json_schema' ? fieldsOf(fieldsOf(wanted.json_schema).schema) : undefined;
  if (schema !== undefined && hasOutputFormat(model)) return { format: { type: 'json_schema', schema }, tools: [] };
  const anyObject = { type: 'object', additionalProperties: true, properties: {} };
  return { format: undefined, tools: [{ name: JSON_TOOL, description: 'Gives the answer as JSON.', input_schema: schema ?? anyObject }] };
}

const BUDGETS: Readonly<Record<string, number>> = { minimal: 1024, low: 1024, medium: 2048, high: 4096, xhigh: 8192, max: 16384 };

/** `thinking` as the client wrote it, or what its reasoning_effort means to this model. */
function thinkingOf(asked: Fields, model: string): { thinking?: unknown; effort?: string } {
  const effort = textOf(asked.reasoning_effort) || textOf(fieldsOf(asked.reasoning_effort).effort);
  if (asked.thinking !== undefined) return { thinking: asked.thinking };
  if (!Object.hasOwn(BUDGETS, effort)) return {};
  if (adaptsThinking(model)) return { thinking: { type: 'adaptive' }, effort: effort === 'minimal' ? 'low' : effort };
  const budget = Math.max(BUDGETS[effort] as number, LEAST_THINKING_BUDGET);
  return { thinking: { type: 'enabled', budget_tokens: budget } };
}

function outputConfig(asked: Fields, format: Fields | undefined, effort: string | undefined): Fields | undefined {
  const config = defined({ effort, format, ...fieldsOf(asked.output_config) });
  return Object.keys(config).length === 0 ? undefined : config;
}

function metadataOf(asked: Fields): Fields | undefined {
  const id = textOf(asked.user);
  return id === '' ? undefined : { user_id: id };
}

/** OpenAI's `default` means no priority; Anthropic's own values pass. */
function serviceTier(tier: unknown): unknown {
  if (tier === 'default' || tier === 'flex') return 'standard_only';
  return tier === 'priority' ? 'auto' : tier;
}
