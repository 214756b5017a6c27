// Input and output of a span: the first of many conventions that has something, as JSON text.
import { CONVENTIONS, type Source } from './otel-conventions.ts';
import { contentText } from './otel-messages.ts';
import type { OtelSpan } from './span.ts';

const INPUT: readonly Source[] = CONVENTIONS.flatMap((convention) => convention.input);
const OUTPUT: readonly Source[] = CONVENTIONS.flatMap((convention) => convention.output);

function firstOf(span: OtelSpan, sources: readonly Source[]): string | null {
  const { attributes } = span;
  for (const source of sources) {
    const text = typeof source === 'string' ? contentText(attributes[source]) : source(attributes, span);
    if (text !== null) return text;
  }
  return null;
}

/** The span's input. */
export function inputOf(span: OtelSpan): string | null {
  return firstOf(span, INPUT);
}

/** The span's output. */
export function outputOf(span: OtelSpan): string | null {
  return firstOf(span, OUTPUT);
}
