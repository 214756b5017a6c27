// In what two answers to the same call differ. Pure.
import type { ComparedAnswer } from './answer.ts';
import { compareShapes } from './shape.ts';

export type Aspect = 'status' | 'header' | 'shape' | 'usage' | 'cost';

export interface Difference {
  aspect: Aspect;
  /** The header, the path in the body, the count. */
  what: string;
  a: string;
  b: string;
}

/** Headers whose value must be the same; of the others only that they are there. */
const SAME_VALUE = new Set(['content-type', 'x-litellm-model-group']);
/** Less is rounding. */
const COST_TOLERANCE = 1e-9;

export function differencesOf(a: ComparedAnswer, b: ComparedAnswer): Difference[] {
  if (a.status !== b.status) return [{ aspect: 'status', what: 'status', a: String(a.status), b: String(b.status) }, ...headerDifferences(a, b)];
  return [...headerDifferences(a, b), ...bodyDifferences(a, b), ...usageDifferences(a, b), ...costDifferences(a, b)];
}

function headerDifferences(a: ComparedAnswer, b: ComparedAnswer): Difference[] {
  const names = [...new Set([...a.headers.keys(), ...b.headers.keys()])].sort();
  return names.flatMap((name): Difference[] => {
    const [inA, inB] = [a.headers.get(name), b.headers.get(name)];
    if (inA !== undefined && inB !== undefined && (!SAME_VALUE.has(name) || plain(inA) === plain(inB))) return [];
    return [{ aspect: 'header', what: name, a: inA ?? '-', b: inB ?? '-' }];
  });
}

/** Parameters of a media type (charset) are no difference. */
const plain = (value: string): string => (value.split(';')[0] as string).trim().toLowerCase();

function bodyDifferences(a: ComparedAnswer, b: ComparedAnswer): Difference[] {
  const paths = compareShapes(a.shape, b.shape).map(({ path, a: inA, b: inB }): Difference => ({ aspect: 'shape', what: path, a: inA, b: inB }));
  return a.end === b.end ? paths : [...paths, { aspect: 'shape', what: '(end of stream)', a: a.end ?? '-', b: b.end ?? '-' }];
}

/** A model may answer in more or fewer words; what it was asked is the same. */
function usageDifferences(a: ComparedAnswer, b: ComparedAnswer): Difference[] {
  if (a.usage.prompt === b.usage.prompt) return [];
  return [{ aspect: 'usage', what: 'prompt tokens', a: shown(a.usage.prompt), b: shown(b.usage.prompt) }];
}

/** Only of equal usage: otherwise the usage is the difference. */
function costDifferences(a: ComparedAnswer, b: ComparedAnswer): Difference[] {
  const same = a.usage.prompt === b.usage.prompt && a.usage.completion === b.usage.completion;
  if (!same || a.cost === b.cost) return [];
  if (a.cost !== null && b.cost !== null && Math.abs(a.cost - b.cost) <= COST_TOLERANCE) return [];
  return [{ aspect: 'cost', what: 'dollars', a: shown(a.cost), b: shown(b.cost) }];
}

const shown = (value: number | null): string => (value === null ? '-' : String(value));
