// What an evaluator returned, read as scores: Langfuse's result of code evaluators (`{ scores: [{ name, value, dataType, comment, configId, metadata }] }`). Nothing of it is trusted.
import { isFields, parsed } from '#lib/json.ts';

export interface CodeScore {
  name: string;
  dataType: 'NUMERIC' | 'BOOLEAN' | 'CATEGORICAL' | 'TEXT';
  value: number | string | boolean;
  comment: string | null;
  configId: string | null;
  metadata: Record<string, unknown>;
}

const TYPES = ['NUMERIC', 'BOOLEAN', 'CATEGORICAL', 'TEXT'] as const;
const MOST_SCORES = 20;
const LONGEST = { name: 200, text: 500, comment: 5_000, configId: 200 };

/** The scores, or what is wrong with the first bad one. An empty list is an evaluator's way to say that it has nothing to say. Never throws. */
export function readScores(text: string): { scores: CodeScore[] } | { problem: string } {
  const result = parsed(text);
  const list = isFields(result) ? result.scores : undefined;
  if (!Array.isArray(list)) return { problem: 'evaluate did not return { scores: [...] }' };
  if (list.length > MOST_SCORES) return { problem: `evaluate returned more than ${MOST_SCORES} scores` };
  const scores: CodeScore[] = [];
  for (const [index, given] of list.entries()) {
    const read = readScore(given);
    if (typeof read === 'string') return { problem: `scores[${index}]${read}` };
    if (scores.some(({ name }) => name === read.name)) return { problem: `scores[${index}].name is that of an earlier score: each needs a name of its own` };
    scores.push(read);
  }
  return { scores };
}

/** The score, or the rest of the sentence that says what is wrong with it. */
function readScore(given: unknown): CodeScore | string {
  if (!isFields(given)) return ' is no object';
  const { name, comment = null, configId = null, metadata = null } = given;
  if (typeof name !== 'string' || name.trim() === '' || name.length > LONGEST.name) return `.name must be a text of 1 to ${LONGEST.name} characters`;
  if (comment !== null && typeof comment !== 'string') return '.comment must be a text';
  if (configId !== null && (typeof configId !== 'string' || configId === '' || configId.length > LONGEST.configId))
    return '.configId must be the id of a score config';
  if (metadata !== null && !isFields(metadata)) return '.metadata must be an object';
  const typed = typedValue(given.value, given.dataType ?? null);
  if (typeof typed === 'string') return typed;
  return { name, ...typed, comment: comment === null ? null : comment.slice(0, LONGEST.comment), configId, metadata: metadata ?? {} };
}

type Typed = Pick<CodeScore, 'dataType' | 'value'>;

function typedValue(value: unknown, dataType: unknown): Typed | string {
  const type = dataType === null ? typeOf(value) : TYPES.find((one) => one === dataType);
  if (type === undefined) return dataType === null ? '.value must be a finite number, true, false or a text' : `.dataType must be one of ${TYPES.join(', ')}`;
  switch (type) {
    case 'NUMERIC':
      // Infinity and NaN are null by the time they come here.
      return typeof value === 'number' && Number.isFinite(value) ? { dataType: type, value } : '.value must be a finite number, as its dataType is NUMERIC';
    case 'BOOLEAN':
      return typeof value === 'boolean' || value === 0 || value === 1
        ? { dataType: type, value: value === true || value === 1 }
        : '.value must be true or false, as its dataType is BOOLEAN';
    default:
      return typeof value === 'string' && value.length >= 1 && value.length <= LONGEST.text
        ? { dataType: type, value }
        : `.value must be a text of 1 to ${LONGEST.text} characters, as its dataType is ${type}`;
  }
}

function typeOf(value: unknown): CodeScore['dataType'] | undefined {
  switch (typeof value) {
    case 'number':
      return 'NUMERIC';
    case 'boolean':
      return 'BOOLEAN';
    case 'string':
      return 'CATEGORICAL';
    default:
      return undefined;
  }
}
