// A tool's result as text of bounded length: long texts and lists are cut before anything is left out, and what was cut is said.

/** Longest text and longest list that are kept, tried in this order until the whole fits. */
const STEPS = [
  { text: 20_000, items: 1_000 },
  { text: 4_000, items: 1_000 },
  { text: 1_000, items: 200 },
  { text: 400, items: 50 },
  { text: 200, items: 20 },
  { text: 100, items: 5 },
] as const;

export interface Shortened {
  text: string;
  /** False: the text is the whole value as JSON. */
  shortened: boolean;
}

/** JSON of a value in at most `maxChars` characters. A value that no step makes small enough becomes the beginning of its JSON. */
export function shorten(value: unknown, maxChars: number): Shortened {
  const whole = JSON.stringify(value ?? null);
  if (whole.length <= maxChars) return { text: whole, shortened: false };
  for (const step of STEPS) {
    const text = JSON.stringify(cut(value, step));
    if (text.length <= maxChars) return { text, shortened: true };
  }
  return { text: whole.slice(0, maxChars), shortened: true };
}

type Step = (typeof STEPS)[number];

function cut(value: unknown, step: Step): unknown {
  if (typeof value === 'string') return value.length <= step.text ? value : `${value.slice(0, step.text)}… [${value.length - step.text} characters left out]`;
  if (Array.isArray(value)) {
    const kept = value.slice(0, step.items).map((item) => cut(item, step));
    return value.length <= step.items ? kept : [...kept, `[${value.length - step.items} entries left out]`];
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, cut(member, step)]));
}
