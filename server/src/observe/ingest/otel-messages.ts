// Content that stands in several places of a span put together: messages spread over numbered attributes or over span events.
import type { Attributes, AttributeValue, OtelSpan } from './span.ts';
import { asJsonText, isObject, openedJson } from './text.ts';

const MAX_INDEX = 10_000;
const MAX_PATH = 16;

type Made = (attributes: Attributes, span: OtelSpan) => string | null;

/** JSON text of an attribute; null when it is absent or empty. */
export function contentText(value: AttributeValue | undefined): string | null {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? asJsonText(value) : JSON.stringify(value);
}

/** A string that holds JSON becomes what it holds. */
function opened(value: AttributeValue | undefined): unknown {
  return typeof value === 'string' ? (openedJson(value) ?? value) : (value ?? null);
}

/** The attribute, unless it is an empty object. */
export function unlessEmpty(name: string): Made {
  return (attributes) => {
    const text = contentText(attributes[name]);
    return text === '{}' ? null : text;
  };
}

/** The first of the attributes, when the span has `other` too. */
export function beside(other: string, ...names: readonly string[]): Made {
  return (attributes) => {
    const name = attributes[other] === undefined ? undefined : names.find((candidate) => attributes[candidate] !== undefined);
    return name === undefined ? null : contentText(attributes[name]);
  };
}

/** Vercel's answer: its text alone, or text, reasoning, files and tool calls as one message. */
export const vercelAnswer: Made = (attributes) => {
  const text = attributes['ai.response.text'];
  const parts = {
    reasoning: attributes['ai.response.reasoning'],
    files: opened(attributes['ai.response.files']),
    tool_calls: opened(attributes['ai.response.toolCalls']),
  };
  const more = Object.entries(parts).filter(([, value]) => value !== null && value !== undefined && value !== '');
  if (more.length === 0) return contentText(text);
  if (!text && more.length === 1 && parts.tool_calls !== null) return JSON.stringify(parts.tool_calls);
  return JSON.stringify({ role: 'assistant', content: text ?? null, ...Object.fromEntries(more) });
};

/** gen_ai.input.messages behind its gen_ai.system_instructions. */
export const withInstructions: Made = (attributes) => {
  const messages = attributes['gen_ai.input.messages'];
  const instructions = attributes['gen_ai.system_instructions'];
  if (!messages || !instructions) return null;
  const list = opened(messages);
  const system = { role: 'system', content: opened(instructions) };
  return JSON.stringify([system, ...(Array.isArray(list) ? list : [list])]);
};

function eventAttributes({ events }: OtelSpan, name: string): Attributes | null {
  return events.find((event) => event.name === name)?.attributes ?? null;
}

const DETAILS = 'gen_ai.client.inference.operation.details';

export const detailsInput: Made = (_, span) => {
  const details = span.events.length === 0 ? null : eventAttributes(span, DETAILS);
  return details === null ? null : (withInstructions(details, span) ?? contentText(details['gen_ai.input.messages']));
};

export const detailsOutput: Made = (_, span) => (span.events.length === 0 ? null : contentText(eventAttributes(span, DETAILS)?.['gen_ai.output.messages']));

export const promptOfEvents: Made = (_, span) =>
  span.events.length === 0 ? null : contentText(eventAttributes(span, 'gen_ai.content.prompt')?.['gen_ai.prompt']);

export const completionOfEvents: Made = (_, span) =>
  span.events.length === 0 ? null : contentText(eventAttributes(span, 'gen_ai.content.completion')?.['gen_ai.completion']);

const ROLE_OF_EVENT: Readonly<Record<string, string>> = {
  'gen_ai.system.message': 'system',
  'gen_ai.user.message': 'user',
  'gen_ai.assistant.message': 'assistant',
  'gen_ai.tool.message': 'tool',
};

function openedAll(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, opened(value)]));
}

export const messagesOfEvents: Made = (_, { events }) => {
  if (events.length === 0) return null;
  const messages = events.flatMap(({ name, attributes }) =>
    ROLE_OF_EVENT[name] === undefined ? [] : [{ role: ROLE_OF_EVENT[name], ...openedAll(attributes) }],
  );
  return messages.length === 0 ? null : JSON.stringify(messages);
};

export const choicesOfEvents: Made = (_, { events }) => {
  if (events.length === 0) return null;
  return oneOrAll(events.flatMap(({ name, attributes }) => (name === 'gen_ai.choice' ? [openedAll(attributes)] : [])));
};

function oneOrAll(list: readonly unknown[]): string | null {
  if (list.length === 0) return null;
  return JSON.stringify(list.length === 1 ? list[0] : list);
}

/** logfire keeps gen_ai events as one JSON array in `events`. */
function logfireEvents(attributes: Attributes): { isChoice: boolean; event: unknown }[] | null {
  const list = opened(attributes.events);
  if (!Array.isArray(list)) return null;
  return list.map((event: unknown) => ({ isChoice: isObject(event) && event['event.name'] === 'gen_ai.choice', event }));
}

export const messagesOfLogfire: Made = (attributes) => {
  if (attributes.events === undefined) return null;
  const messages = logfireEvents(attributes)?.filter(({ isChoice }) => !isChoice);
  return messages === undefined ? contentText(attributes.events) : messages.length === 0 ? null : JSON.stringify(messages.map(({ event }) => event));
};

export const choicesOfLogfire: Made = (attributes) => {
  if (attributes.events === undefined) return null;
  return oneOrAll((logfireEvents(attributes) ?? []).filter(({ isChoice }) => isChoice).map(({ event }) => event));
};

/** Rebuilds `prefix0.role`, `prefix0.content`, `prefix1...` as an array of objects. */
export function spreadOver(prefix: string): Made {
  return (attributes) => {
    const list = rebuilt(attributes, prefix);
    return list === null ? null : JSON.stringify(unwrapped(list, 'message'));
  };
}

/** Documents of a retrieval, spread as `prefix0.document.content`. */
export function documentsOf(prefix: string): Made {
  return (attributes) => {
    const list = rebuilt(attributes, prefix);
    return list === null ? null : JSON.stringify(unwrapped(list, 'document'));
  };
}

interface Node {
  children: Map<string, Node>;
  value: AttributeValue | undefined;
}

function rebuilt(attributes: Attributes, prefix: string): unknown {
  const root: Node = { children: new Map(), value: undefined };
  for (const name in attributes) {
    if (name.startsWith(prefix)) insert(root, name.slice(prefix.length).split('.'), attributes[name] as AttributeValue);
  }
  return root.children.size === 0 ? null : built(root);
}

function insert(root: Node, path: string[], value: AttributeValue): void {
  let node = root;
  for (const segment of path.slice(0, MAX_PATH)) {
    const child: Node = node.children.get(segment) ?? { children: new Map(), value: undefined };
    node.children.set(segment, child);
    node = child;
  }
  node.value = value;
}

function built(node: Node): unknown {
  if (node.children.size === 0) return node.value ?? null;
  const keys = [...node.children.keys()];
  if (keys.every((key) => /^\d{1,5}$/.test(key) && Number(key) <= MAX_INDEX)) {
    return keys.sort((a, b) => Number(a) - Number(b)).map((key) => built(node.children.get(key) as Node));
  }
  const object = Object.create(null) as Record<string, unknown>;
  for (const [key, child] of node.children) object[key] = built(child);
  return object;
}

/** OpenInference wraps every member in {message: ...} or {document: ...}. */
function unwrapped(value: unknown, wrapper: string): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((member: unknown) => (isObject(member) && wrapper in member && Object.keys(member).length === 1 ? member[wrapper] : member));
}
