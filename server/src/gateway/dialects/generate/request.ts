// A generateContent request -> a chat: contents become messages, calls and their results are joined by order and name, Google's schemas become JSON Schema.
import type { ClientCall } from '#gateway/dialects/client-call.ts';
import { AppError } from '#lib/errors.ts';
import { defined, type Fields, fieldsOf, isFields, objectsOf, textOf } from '#lib/json.ts';
import { generateAnswer } from './answer.ts';
import { GenerateWriter } from './stream.ts';

/** @throws AppError 400 when there are no contents. */
export function readGenerateCall(body: Fields): ClientCall {
  if (!Array.isArray(body.contents)) throw new AppError('contents is not specified', { status: 400, code: 'invalid_request_error', param: 'contents' });
  const config = fieldsOf(body.generationConfig ?? body.generation_config);
  const system = textIn(fieldsOf(body.systemInstruction ?? body.system_instruction));
  const chat = {
    messages: [...(system === '' ? [] : [{ role: 'system', content: system }]), ...messagesOf(objectsOf(body.contents))],
    ...defined({ ...toolsOf(objectsOf(body.tools)), tool_choice: toolChoice(fieldsOf(body.toolConfig ?? body.tool_config)), ...parametersOf(config) }),
  };
  return { chat, answer: generateAnswer, stream: () => new GenerateWriter() };
}

function textIn(content: Fields): string {
  return objectsOf(content.parts)
    .map((part) => textOf(part.text))
    .join('');
}

/** Names of calls that wait for their results. */
interface OpenCall {
  id: string;
  name: string;
}

function messagesOf(contents: readonly Fields[]): Fields[] {
  const messages: Fields[] = [];
  const open: OpenCall[] = [];
  for (const content of contents) {
    const parts = objectsOf(content.parts);
    if (content.role === 'model') messages.push(assistantMessage(parts, open, messages.length));
    else messages.push(...userMessages(parts, open));
  }
  return messages;
}

function assistantMessage(parts: readonly Fields[], open: OpenCall[], place: number): Fields {
  const calls: Fields[] = [];
  let text = '';
  let reasoning = '';
  for (const part of parts) {
    if (isFields(part.functionCall)) calls.push(callOf(part, open, `call_${place}_${calls.length}`));
    else if (part.thought === true) reasoning += textOf(part.text);
    else text += textOf(part.text);
  }
  return defined({
    role: 'assistant',
    content: text === '' ? null : text,
    tool_calls: calls.length === 0 ? undefined : calls,
    reasoning_content: reasoning === '' ? undefined : reasoning,
  });
}

function callOf(part: Fields, open: OpenCall[], newId: string): Fields {
  const { id: given, name, args } = fieldsOf(part.functionCall);
  const id = textOf(given) || newId;
  open.push({ id, name: textOf(name) });
  return { id, type: 'function', function: { name: textOf(name), arguments: JSON.stringify(fieldsOf(args)) } };
}

function userMessages(parts: readonly Fields[], open: OpenCall[]): Fields[] {
  const results = parts.filter((part) => isFields(part.functionResponse)).map((part) => resultOf(fieldsOf(part.functionResponse), open));
  const rest = parts.filter((part) => !isFields(part.functionResponse)).flatMap(partOf);
  if (rest.length === 0) return results;
  const only = rest.length === 1 && rest[0]?.type === 'text' ? rest[0].text : rest;
  return [...results, { role: 'user', content: only }];
}

/** By its id, else the first open call of that name, else by the name alone. */
function resultOf(response: Fields, open: OpenCall[]): Fields {
  const at = open.findIndex(({ id, name }) => (textOf(response.id) === '' ? name === response.name : id === response.id));
  const [call] = at < 0 ? [] : open.splice(at, 1);
  const value = response.response;
  const output = isFields(value) && Object.keys(value).length === 1 && typeof value.output === 'string' ? value.output : JSON.stringify(value ?? {});
  return { role: 'tool', tool_call_id: call?.id ?? (textOf(response.id) || textOf(response.name)), content: output };
}

function partOf(part: Fields): Fields[] {
  if (typeof part.text === 'string') return part.text === '' ? [] : [{ type: 'text', text: part.text }];
  const inline = fieldsOf(part.inlineData ?? part.inline_data);
  const file = fieldsOf(part.fileData ?? part.file_data);
  const mime = textOf(inline.mimeType ?? inline.mime_type ?? file.mimeType ?? file.mime_type);
  const uri = textOf(file.fileUri ?? file.file_uri);
  const url = uri === '' ? `data:${mime};base64,${textOf(inline.data)}` : uri;
  if (uri === '' && inline.data === undefined)
    throw new AppError('A part of these contents cannot be sent to this model.', { status: 400, code: 'invalid_request_error', param: 'contents' });
  if (mime.startsWith('image/')) return [{ type: 'image_url', image_url: { url } }];
  if (mime.startsWith('audio/') && uri === '') return [{ type: 'input_audio', input_audio: { format: mime.slice(6), data: inline.data } }];
  return [{ type: 'file', file: uri === '' ? { filename: 'file', file_data: url } : { file_id: uri } }];
}

function toolsOf(tools: readonly Fields[]): Fields {
  const functions = tools.flatMap((tool) => objectsOf(tool.functionDeclarations ?? tool.function_declarations)).map(functionOf);
  const searches = tools.some((tool) => tool.googleSearch !== undefined || tool.google_search !== undefined);
  return { tools: functions.length === 0 ? undefined : functions, web_search_options: searches ? {} : undefined };
}

function functionOf({ name, description, parameters, parametersJsonSchema }: Fields): Fields {
  return {
    type: 'function',
    function: defined({ name, description, parameters: parametersJsonSchema ?? (parameters === undefined ? undefined : jsonSchema(parameters)) }),
  };
}

/** Google writes types in capitals. */
function jsonSchema(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(jsonSchema);
  if (!isFields(schema)) return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => {
      if (key === 'type' && typeof value === 'string') return [key, value.toLowerCase()];
      return [key, key === 'enum' || key === 'required' ? value : jsonSchema(value)];
    }),
  );
}

function toolChoice(config: Fields): unknown {
  const { mode, allowedFunctionNames } = fieldsOf(config.functionCallingConfig ?? config.function_calling_config);
  if (mode === 'ANY' && Array.isArray(allowedFunctionNames) && allowedFunctionNames.length === 1)
    return { type: 'function', function: { name: allowedFunctionNames[0] } };
  return { AUTO: 'auto', ANY: 'required', VALIDATED: 'auto', NONE: 'none' }[textOf(mode)];
}

function parametersOf(config: Fields): Fields {
  return {
    temperature: config.temperature,
    top_p: config.topP,
    top_k: config.topK,
    n: config.candidateCount,
    max_completion_tokens: config.maxOutputTokens,
    stop: config.stopSequences,
    presence_penalty: config.presencePenalty,
    frequency_penalty: config.frequencyPenalty,
    seed: config.seed,
    response_format: responseFormat(config),
    ...thinkingOf(fieldsOf(config.thinkingConfig)),
  };
}

function responseFormat(config: Fields): Fields | undefined {
  if (config.responseMimeType !== 'application/json') return undefined;
  const schema = config.responseJsonSchema ?? (config.responseSchema === undefined ? undefined : jsonSchema(config.responseSchema));
  return schema === undefined ? { type: 'json_object' } : { type: 'json_schema', json_schema: { name: 'answer', schema } };
}

function thinkingOf({ thinkingBudget, thinkingLevel }: Fields): Fields {
  if (typeof thinkingLevel === 'string') return { reasoning_effort: thinkingLevel.toLowerCase() };
  if (typeof thinkingBudget !== 'number' || thinkingBudget < 0) return {};
  return { thinking: thinkingBudget === 0 ? { type: 'disabled' } : { type: 'enabled', budget_tokens: thinkingBudget } };
}
