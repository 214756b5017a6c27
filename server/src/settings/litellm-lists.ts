// The lists of LiteLLM's settings whose entries have several shapes: fallbacks, model aliases.
import { isRecord, type Section } from './section.ts';

type FallbackKey = 'fallbacks' | 'context_window_fallbacks' | 'content_policy_fallbacks';

/** `fallbacks: [{a: [b, c]}]` and `default_fallbacks: [d]` of all sections as model -> names; the default stands under "*". The first that names a model decides. */
export function readFallbacks(sections: readonly Section[], key: FallbackKey = 'fallbacks'): Record<string, readonly string[]> {
  const fallbacks = new Map<string, string[]>();
  for (const section of sections) {
    for (const [index, entry] of section.list(key).entries()) addFallback(fallbacks, section, { key, index, entry });
    const defaults = key === 'fallbacks' ? section.texts('default_fallbacks') : [];
    if (defaults.length > 0 && !fallbacks.has('*')) fallbacks.set('*', defaults);
  }
  return Object.fromEntries(fallbacks);
}

function addFallback(fallbacks: Map<string, string[]>, section: Section, { key, index, entry }: { key: FallbackKey; index: number; entry: unknown }): void {
  if (!isRecord(entry)) {
    section.fault([key, index], 'must be a mapping from a model to a list of models, for example {gpt-4o: [gpt-4o-mini]}');
    return;
  }
  for (const [model, targets] of Object.entries(entry)) {
    const names = targetNames(targets);
    if (names === null) section.fault([key, index, model], 'must be a list of model names');
    else if (!fallbacks.has(model)) fallbacks.set(model, names);
  }
}

function targetNames(targets: unknown): string[] | null {
  const list = typeof targets === 'string' ? [targets] : targets;
  if (!Array.isArray(list)) return null;
  const names = list.map((target: unknown) => (isRecord(target) ? target.model : target));
  return names.every((name) => typeof name === 'string' && name !== '') ? (names as string[]) : null;
}

/** Alias -> model name; LiteLLM writes the target as text or as {model, hidden}. */
export function readModelAliases(places: readonly { section: Section; key: string }[]): Record<string, string> {
  const aliases = new Map<string, string>();
  for (const { section, key } of places) {
    for (const [alias, target] of Object.entries(mappingUnder(section, key))) {
      const name = isRecord(target) ? target.model : target;
      if (typeof name !== 'string' || name === '') section.fault([key, alias], 'must be a model name, or {model: name}');
      else if (!aliases.has(alias)) aliases.set(alias, name);
    }
  }
  return Object.fromEntries(aliases);
}

function mappingUnder(section: Section, key: string): Record<string, unknown> {
  const value = section.raw(key);
  if (value === undefined || value === null) return {};
  if (isRecord(value)) return value;
  section.fault(key, 'must be a mapping from an alias to a model name');
  return {};
}
