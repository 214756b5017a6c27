// An OpenAI chat request -> a generateContent request. Sources: Google's public API reference and the types of @google/genai; litellm.md §3.9 for LiteLLM's choices.
import type { ChatRequest } from '#gateway/providers/chat.ts';
import { unsupportedParameter, withoutUnsupported } from '#gateway/providers/parameters.ts';
import type { WireFacts } from '#gateway/providers/wire.ts';
import { defined, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { contentsOf } from './contents.ts';

const UNSUPPORTED: ReadonlySet<string> = new Set(
  `logit_bias store stream_options verbosity safety_identifier prompt_cache_key prompt_cache_retention functions function_call prediction audio
  service_tier user parallel_tool_calls mcp_servers container context_management cache_control output_config`.split(/\s+/),
);
/** Members that are rewritten; every other one passes by its own name (safetySettings, cachedContent, labels ...). */
const REWRITTEN: ReadonlySet<string> = new Set(
  `model messages stream max_tokens max_completion_tokens stop tools tool_choice response_format reasoning_effort thinking temperature top_p top_k n
  presence_penalty frequency_penalty seed logprobs top_logprobs modalities web_search_options generationConfig safety_settings cached_content`.split(/\s+/),
);

/** The body of `:generateContent` and `:streamGenerateContent`. */
export function generateRequest(chat: ChatRequest, facts: WireFacts): Fields {
  const asked = withoutUnsupported(chat, UNSUPPORTED, 'gemini', facts.dropParams);
  const tools = toolsOf(asked, facts);
  const config = defined({ ...generationConfig(asked, facts.model), ...fieldsOf(asked.generationConfig) });
  return defined({
    ...Object.fromEntries(Object.entries(asked).filter(([key]) => !REWRITTEN.has(key))),
    ...contentsOf(objectsOf(asked.messages), facts.model),
    safetySettings: asked.safetySettings ?? asked.safety_settings,
    cachedContent: asked.cachedContent ?? asked.cached_content,
    tools: tools.length === 0 ? undefined : tools,
    toolConfig: toolConfig(asked.tool_choice, tools.length > 0),
    generationConfig: Object.keys(config).length === 0 ? undefined : config,
  });
}

function generationConfig(asked: Fields, model: string): Fields {
  const stop = (Array.isArray(asked.stop) ? asked.stop : [asked.stop]).filter((text) => typeof text === 'string' && text !== '');
  return {
    temperature: asked.temperature,
    topP: asked.top_p,
    topK: asked.top_k,
    candidateCount: asked.n === 1 ? undefined : asked.n,
    maxOutputTokens: asked.max_completion_tokens ?? asked.max_tokens,
    stopSequences: stop.length === 0 ? undefined : stop,
    presencePenalty: asked.presence_penalty,
    frequencyPenalty: asked.frequency_penalty,
    seed: asked.seed,
    responseLogprobs: asked.logprobs === true ? true : undefined,
    logprobs: asked.logprobs === true ? asked.top_logprobs : undefined,
    responseModalities: Array.isArray(asked.modalities) ? asked.modalities.map((name) => textOf(name).toUpperCase()) : undefined,
    thinkingConfig: thinkingConfig(asked, model),
    ...responseFormat(fieldsOf(asked.response_format)),
  };
}

function responseFormat(format: Fields): Fields {
  if (format.type === 'json_object') return { responseMimeType: 'application/json' };
  if (format.type !== 'json_schema') return {};
  return { responseMimeType: 'application/json', responseJsonSchema: fieldsOf(format.json_schema).schema };
}

const BUDGETS: Readonly<Record<string, number>> = { none: 0, minimal: 512, low: 1024, medium: 2048, high: 4096, xhigh: 8192, max: 16384 };

/** A budget of thinking as the client wrote it, or what its reasoning_effort means to this model: a level since Gemini 3, a budget before. */
function thinkingConfig(asked: Fields, model: string): Fields | undefined {
  const thinking = fieldsOf(asked.thinking);
  if (thinking.type === 'disabled') return { thinkingBudget: 0 };
  if (thinking.type === 'enabled') return defined({ includeThoughts: true, thinkingBudget: thinking.budget_tokens });
  if (thinking.type === 'adaptive') return { includeThoughts: true };
  const effort = textOf(asked.reasoning_effort) || textOf(fieldsOf(asked.reasoning_effort).effort);
  if (!Object.hasOwn(BUDGETS, effort)) return undefined;
  if (!/gemini-[3-9]/.test(model)) return effort === 'none' ? { thinkingBudget: 0 } : { includeThoughts: true, thinkingBudget: BUDGETS[effort] };
  const level = effort === 'none' ? 'minimal' : effort === 'xhigh' || effort === 'max' ? 'high' : effort;
  return { includeThoughts: effort !== 'none', thinkingLevel: level };
}

/** Names of Gemini's own tools as members of a tool. */
const OWN_TOOLS = [
  'googleSearch',
  'google_search',
  'googleSearchRetrieval',
  'codeExecution',
  'code_execution',
  'urlContext',
  'url_context',
  'googleMaps',
  'functionDeclarations',
  'fileSearch',
  'computerUse',
];

function toolsOf(asked: Fields, facts: WireFacts): Fields[] {
  const functions: Fields[] = [];
  const others: Fields[] = [];
  for (const tool of objectsOf(asked.tools)) {
    if (tool.type === 'function' && isFields(tool.function)) functions.push(declarationOf(tool.function));
    else if (OWN_TOOLS.some((name) => tool[name] !== undefined)) others.push(tool);
    else if (textOf(tool.type).startsWith('web_search')) others.push({ googleSearch: {} });
    else if (!facts.dropParams) throw unsupportedParameter('tools', 'gemini');
  }
  if (isFields(asked.web_search_options)) others.push({ googleSearch: {} });
  return functions.length === 0 ? others : [{ functionDeclarations: functions }, ...others];
}

/** Schemas pass whole: Google takes JSON Schema beside its own dialect of it. */
function declarationOf({ name, description, parameters }: Fields): Fields {
  const hasFields = isFields(parameters) && Object.keys(fieldsOf(parameters.properties)).length > 0;
  return defined({ name, description, parametersJsonSchema: hasFields ? parameters : undefined });
}

function toolConfig(choice: unknown, hasTools: boolean): Fields | undefined {
  if (!hasTools) return undefined;
  const name = fieldsOf(fieldsOf(choice).function).name;
  if (name !== undefined) return { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: [name] } };
  const mode = { auto: 'AUTO', required: 'ANY', none: 'NONE' }[textOf(choice)];
  return mode === undefined ? undefined : { functionCallingConfig: { mode } };
}
