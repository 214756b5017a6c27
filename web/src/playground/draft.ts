// What a person has written in the playground, where it may come from, and the request that it becomes. Pure.
import type { ConsoleModels, ConsoleObservation } from '@genai/server/contract';
import { parse, readConversation } from '#content/chat.ts';
import { variablesOf } from '#prompts/content.ts';
import type { ChatEntry, PromptVersion } from '#prompts/use-prompts.ts';

export const ROLES = ['system', 'user', 'assistant'] as const;
export type Role = (typeof ROLES)[number];

export interface DraftMessage {
  /** Stays with the message while others come and go. */
  id: number;
  role: Role;
  content: string;
}

/** Numbers and JSON as typed. */
export interface Draft {
  model: string;
  messages: DraftMessage[];
  temperature: string;
  topP: string;
  maxTokens: string;
  responseFormat: string;
  tools: string;
  /** Parts of the source that a playground cannot hold: images, tool calls, placeholders. */
  leftOut: number;
}

type Json = Record<string, unknown>;

export const EMPTY_DRAFT: Draft = {
  model: '',
  messages: [
    { id: 1, role: 'system', content: '' },
    { id: 2, role: 'user', content: '' },
  ],
  ...{ temperature: '', topP: '', maxTokens: '', responseFormat: '', tools: '', leftOut: 0 },
};

/** A version of a prompt: its messages, and of its configuration what the playground knows. */
export function draftOfPrompt({ prompt, config }: Pick<PromptVersion, 'prompt' | 'config'>): Draft {
  const entries: ChatEntry[] = typeof prompt === 'string' ? [{ role: 'user', content: prompt }] : prompt;
  const messages = entries.flatMap((entry) => ('role' in entry ? [{ role: roleOf(entry.role), content: entry.content }] : []));
  const settings = isRecord(config) ? config : {};
  return {
    ...EMPTY_DRAFT,
    ...settingsOf(settings),
    model: typeof settings.model === 'string' ? settings.model : '',
    messages: numbered(messages),
    leftOut: entries.length - messages.length,
  };
}

/** A generation of a trace: what it was asked, with its parameters and tools. */
export function draftOfObservation({ input, model, modelParameters }: Pick<ConsoleObservation, 'input' | 'model' | 'modelParameters'>): Draft {
  const conversation = readConversation(input, 'input');
  const recorded = input === null ? null : parse(input);
  const settings = { ...(isRecord(recorded) ? recorded : {}), ...(modelParameters ?? {}) };
  let leftOut = 0;
  const messages = (conversation?.messages ?? []).map(({ role, parts }) => {
    const texts = parts.flatMap((part) => (part.kind === 'text' || part.kind === 'tool-result' ? [part.text] : []));
    leftOut += parts.filter((part) => part.kind !== 'text' && part.kind !== 'tool-result' && part.kind !== 'thinking').length;
    return { role: roleOf(role), content: texts.join('\n\n') };
  });
  const written = messages.filter(({ content }) => content !== '');
  return { ...EMPTY_DRAFT, ...settingsOf(settings), model: model ?? '', messages: written.length > 0 ? numbered(written) : EMPTY_DRAFT.messages, leftOut };
}

function settingsOf(settings: Json): Pick<Draft, 'temperature' | 'topP' | 'maxTokens' | 'responseFormat' | 'tools'> {
  const number = (...names: string[]): string => {
    for (const name of names) {
      const value = settings[name];
      const amount = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
      if (typeof amount === 'number' && Number.isFinite(amount)) return String(amount);
    }
    return '';
  };
  // Parameters of a trace are texts: what was an object is one as JSON.
  const json = (value: unknown, holds: (value: unknown) => boolean): string => {
    const meant = typeof value === 'string' ? parse(value) : value;
    return holds(meant) ? JSON.stringify(meant, null, 2) : '';
  };
  return {
    temperature: number('temperature'),
    topP: number('top_p', 'topP'),
    maxTokens: number('max_tokens', 'max_completion_tokens', 'maxTokens'),
    responseFormat: json(settings.response_format, isRecord),
    tools: json(settings.tools, (value) => Array.isArray(value) && value.length > 0 && value.every(isRecord)),
  };
}

function roleOf(role: string): Role {
  if (role === 'developer') return 'system';
  return ROLES.find((one) => one === role) ?? 'user';
}

function numbered(messages: readonly Omit<DraftMessage, 'id'>[]): DraftMessage[] {
  return messages.map((message, index) => ({ id: index + 1, ...message }));
}

/** The name by which the gateway serves a model that a source names by its own or its upstream's name; null when it serves none. */
export function servedName(models: ConsoleModels['data'], wanted: string): string | null {
  const exact = models.find(({ name }) => name === wanted);
  const upstream = models.find(({ deployments }) => deployments.some((one) => one.upstreamModel === wanted || one.upstreamModel.endsWith(`/${wanted}`)));
  return wanted === '' ? null : ((exact ?? upstream)?.name ?? null);
}

/** Whether a prompt's content holds other prompts, which are written out before it is sent. */
export function isComposed(prompt: PromptVersion['prompt']): boolean {
  return JSON.stringify(prompt).includes('@@@langfusePrompt:');
}

/** The names that are filled in before the messages are sent. */
export function draftVariables({ messages }: Pick<Draft, 'messages'>): string[] {
  return variablesOf(messages);
}

/** Text with its {{names}} filled in; a name without a value stays as it is. */
export function filledIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/\{\{\s*([\p{L}_][\p{L}\p{N}_]*)\s*\}\}/gu, (whole, name: string) => (Object.hasOwn(values, name) ? (values[name] as string) : whole));
}

export type DraftField = 'model' | 'messages' | 'temperature' | 'topP' | 'maxTokens' | 'responseFormat' | 'tools';

/** Fields that cannot be sent as they are. */
export function draftFaults(draft: Draft): ReadonlySet<DraftField> {
  const faults = new Set<DraftField>();
  if (draft.model.trim() === '') faults.add('model');
  if (!draft.messages.some(({ content }) => content.trim() !== '')) faults.add('messages');
  const within = (field: 'temperature' | 'topP' | 'maxTokens', least: number, most: number) => {
    const typed = draft[field].trim();
    const value = Number(typed);
    if (typed !== '' && !(value >= least && value <= most && (field !== 'maxTokens' || Number.isInteger(value)))) faults.add(field);
  };
  within('temperature', 0, 2);
  within('topP', 0, 1);
  within('maxTokens', 1, 10_000_000);
  if (draft.responseFormat.trim() !== '' && !isRecord(parse(draft.responseFormat))) faults.add('responseFormat');
  const tools = draft.tools.trim() === '' ? [] : parse(draft.tools);
  if (!Array.isArray(tools) || !tools.every(isRecord)) faults.add('tools');
  return faults;
}

/** The parameters of a draft without faults, as the gateway takes them. */
export function parametersOf(draft: Draft): Json {
  const given: Json = {};
  if (draft.temperature.trim() !== '') given.temperature = Number(draft.temperature);
  if (draft.topP.trim() !== '') given.top_p = Number(draft.topP);
  if (draft.maxTokens.trim() !== '') given.max_tokens = Number(draft.maxTokens);
  if (draft.responseFormat.trim() !== '') given.response_format = parse(draft.responseFormat);
  if (draft.tools.trim() !== '') given.tools = parse(draft.tools);
  return given;
}

/** The body of POST /api/public/unstable/playground/chat. Messages without text are not sent. */
export function requestOf(draft: Draft, values: Readonly<Record<string, string>>): Json {
  const messages = draft.messages.map(({ role, content }) => ({ role, content: filledIn(content, values) })).filter(({ content }) => content.trim() !== '');
  return { model: draft.model.trim(), messages, parameters: parametersOf(draft) };
}

/** The draft as a version of a prompt: variables stay variables. A text prompt stays one while one message is all there is. */
export function versionOf(draft: Draft, type: 'text' | 'chat'): Pick<PromptVersion, 'type' | 'prompt' | 'config'> {
  const messages = draft.messages.filter(({ content }) => content.trim() !== '').map(({ role, content }) => ({ role, content }));
  const config = { model: draft.model.trim(), ...parametersOf(draft) };
  const only = messages.length === 1 ? messages[0] : undefined;
  return type === 'text' && only !== undefined ? { type, prompt: only.content, config } : { type: 'chat', prompt: messages, config };
}

function isRecord(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
