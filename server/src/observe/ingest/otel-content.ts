// Input and output of a span: the first of many conventions that has something, as JSON text.
import {
  INDEXED_INPUT,
  INDEXED_OUTPUT,
  INPUT_FIRST,
  INPUT_LAST,
  INPUT_LATER,
  OUTPUT_FIRST,
  OUTPUT_LAST,
  OUTPUT_LATER,
  VERCEL_OUTPUT,
} from './otel-attributes.ts';
import type { Attributes, AttributeValue, OtelSpan } from './span.ts';
import { asJsonText, openedJson } from './text.ts';

const MAX_INDEX = 10_000;

/** JSON text of an attribute; null when it is absent or empty. */
export function contentText(value: AttributeValue | undefined): string | null {
  if (value === undefined || value === null || value === '') return null;
  return typeof value === 'string' ? asJsonText(value) : JSON.stringify(value);
}

function firstOf(attributes: Attributes, names: readonly string[]): string | null {
  for (const name of names) {
    const value = attributes[name];
    if (value === undefined) continue;
    const text = contentText(value);
    if (text !== null) return text;
  }
  return null;
}

/** The span's input. */
export function inputOf(span: OtelSpan): string | null {
  const { attributes } = span;
  return (
    firstOf(attributes, INPUT_FIRST) ??
    inputOfEvents(span) ??
    firstOf(attributes, INPUT_LATER) ??
    indexed(attributes, INDEXED_INPUT) ??
    withInstructions(attributes) ??
    firstOf(attributes, INPUT_LAST)
  );
}

/** The span's output. */
export function outputOf(span: OtelSpan): string | null {
  const { attributes } = span;
  return (
    firstOf(attributes, OUTPUT_FIRST) ??
    vercelOutput(attributes) ??
    outputOfEvents(span) ??
    firstOf(attributes, OUTPUT_LATER) ??
    indexed(attributes, INDEXED_OUTPUT) ??
    firstOf(attributes, OUTPUT_LAST)
  );
}

/** A string that holds JSON becomes what it holds. */
function opened(value: AttributeValue): unknown {
  return typeof value === 'string' ? (openedJson(value) ?? value) : value;
}

function vercelOutput(attributes: Attributes): string | null {
  const text = attributes['ai.response.text'];
  const toolCalls = attributes['ai.response.toolCalls'];
  if (text && toolCalls) return JSON.stringify({ role: 'assistant', content: text, tool_calls: opened(toolCalls) });
  return contentText(text) ?? contentText(toolCalls) ?? firstOf(attributes, VERCEL_OUTPUT);
}

function withInstructions(attributes: Attributes): string | null {
  const messages = attributes['gen_ai.input.messages'];
  const instructions = attributes['gen_ai.system_instructions'];
  if (!messages || !instructions) return null;
  const list = opened(messages);
  const system = { role: 'system', content: opened(instructions) };
  return JSON.stringify([system, ...(Array.isArray(list) ? list : [list])]);
}

const INPUT_EVENTS: Readonly<Record<string, string>> = {
  'gen_ai.system.message': 'system',
  'gen_ai.user.message': 'user',
  'gen_ai.assistant.message': 'assistant',
  'gen_ai.tool.message': 'tool',
};

function inputOfEvents({ events }: OtelSpan): string | null {
  if (events.length === 0) return null;
  const messages: unknown[] = [];
  for (const { name, attributes } of events) {
    const details =
      name === 'gen_ai.client.inference.operation.details' ? (withInstructions(attributes) ?? contentText(attributes['gen_ai.input.messages'])) : null;
    if (details !== null) return details;
    const prompt = name === 'gen_ai.content.prompt' ? contentText(attributes['gen_ai.prompt']) : null;
    if (prompt !== null) return prompt;
    const role = INPUT_EVENTS[name];
    if (role !== undefined) messages.push({ role, ...openedAll(attributes) });
  }
  return messages.length === 0 ? null : JSON.stringify(messages);
}

function outputOfEvents({ events }: OtelSpan): string | null {
  if (events.length === 0) return null;
  const choices: unknown[] = [];
  for (const { name, attributes } of events) {
    const details = name === 'gen_ai.client.inference.operation.details' ? contentText(attributes['gen_ai.output.messages']) : null;
    if (details !== null) return details;
    const completion = name === 'gen_ai.content.completion' ? contentText(attributes['gen_ai.completion']) : null;
    if (completion !== null) return completion;
    if (name === 'gen_ai.choice') choices.push(openedAll(attributes));
  }
  if (choices.length === 0) return null;
  return JSON.stringify(choices.length === 1 ? choices[0] : choices);
}

function openedAll(attributes: Attributes): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [name, opened(value)]));
}

/** Rebuilds `prefix.0.role`, `prefix.0.content` ... as an array of objects. */
function indexed(attributes: Attributes, prefixes: readonly string[]): string | null {
  for (const prefix of prefixes) {
    const root: Node = { children: new Map(), value: undefined };
    for (const name in attributes) {
      if (name.startsWith(prefix)) insert(root, name.slice(prefix.length).split('.'), attributes[name] as AttributeValue);
    }
    if (root.children.size > 0) return JSON.stringify(unwrapped(built(root)));
  }
  return null;
}

interface Node {
  children: Map<string, Node>;
  value: AttributeValue | undefined;
}

function insert(root: Node, path: string[], value: AttributeValue): void {
  let node = root;
  for (const segment of path.slice(0, 16)) {
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

/** OpenInference wraps every message in {message: ...}. */
function unwrapped(value: unknown): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((member) =>
    typeof member === 'object' && member !== null && 'message' in member && Object.keys(member).length === 1
      ? (member as { message: unknown }).message
      : member,
  );
}
