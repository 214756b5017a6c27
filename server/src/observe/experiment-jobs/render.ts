// The messages that an item of a dataset makes of a prompt: {{names}} are filled in with the members of its input. Pure.

export interface PromptMessage {
  role: string;
  content: string;
}

const VARIABLE = /\{\{\s*([\p{L}_][\p{L}\p{N}_]*)\s*\}\}/gu;

/** What an input gives to variables: the members of an object; anything else is `input`. Texts as they are, the rest as JSON. */
export function valuesOf(input: unknown): ReadonlyMap<string, string> {
  const members: [string, unknown][] = typeof input === 'object' && input !== null && !Array.isArray(input) ? Object.entries(input) : [['input', input]];
  return new Map(members.map(([name, value]) => [name, typeof value === 'string' ? value : JSON.stringify(value ?? null)]));
}

/** The messages, or the names for which the input has no value. */
export function renderItem(messages: readonly PromptMessage[], input: unknown): { messages: PromptMessage[] } | { missing: string[] } {
  const values = valuesOf(input);
  const missing = new Set<string>();
  const rendered = messages.map(({ role, content }) => ({
    role,
    content: content.replace(VARIABLE, (whole, name: string) => {
      const value = values.get(name);
      if (value === undefined) missing.add(name);
      return value ?? whole;
    }),
  }));
  return missing.size > 0 ? { missing: [...missing] } : { messages: rendered };
}
