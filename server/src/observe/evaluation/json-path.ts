// A small JSONPath: `$`, `.name`, `['name']`, `[0]`, `[-1]`, `[*]`. Enough to pick a field of an input, and it runs nothing.
import { isFields } from '#lib/json.ts';

type Step = { name: string } | { index: number } | 'all';

const STEP = /\.([\p{L}_][\p{L}\p{N}_-]*)|\['((?:[^'\\]|\\.)*)'\]|\["((?:[^"\\]|\\.)*)"\]|\[(-?\d{1,9})\]|(\[\*\]|\.\*)/uy;

/** The steps of a path; null when it is none. */
export function parseJsonPath(path: string): readonly Step[] | null {
  if (!path.startsWith('$')) return null;
  const steps: Step[] = [];
  STEP.lastIndex = 1;
  while (STEP.lastIndex < path.length) {
    const found = STEP.exec(path);
    if (found === null) return null;
    const [, plain, single, double, index, all] = found;
    const name = plain ?? (single ?? double)?.replace(/\\(.)/g, '$1');
    if (name !== undefined) steps.push({ name });
    else if (index !== undefined) steps.push({ index: Number(index) });
    else if (all !== undefined) steps.push('all');
  }
  return steps;
}

/** What lies at the path: one value, a list after `[*]`, undefined when there is nothing. */
export function valueAt(value: unknown, steps: readonly Step[]): unknown {
  const [step, ...rest] = steps;
  if (step === undefined) return value;
  if (step === 'all') {
    const members = Array.isArray(value) ? value : isFields(value) ? Object.values(value) : [];
    return members.map((member) => valueAt(member, rest)).filter((found) => found !== undefined);
  }
  if ('index' in step) return Array.isArray(value) ? valueAt(value.at(step.index), rest) : undefined;
  return isFields(value) && Object.hasOwn(value, step.name) ? valueAt(value[step.name], rest) : undefined;
}
