// How each field of an entity is joined, and which column it fills. One table a kind.
import type { EntityKind, ObservationFields, ScoreFields, TraceFields } from '#observe/ingest/events.ts';

/** last = greatest stamp, first = least stamp, truthy = greatest stamp among the truthy, min = least value. */
export type Rule = 'last' | 'first' | 'truthy' | 'min';

type Exceptions<Fields> = Partial<Record<keyof Fields, Rule>>;

const observation: Exceptions<ObservationFields> = {
  trace_id: 'first',
  start_time: 'first',
  original_start: 'first',
  environment: 'first',
  input: 'truthy',
  output: 'truthy',
};
const trace: Exceptions<TraceFields> = {
  timestamp: 'first',
  original_timestamp: 'first',
  hint_timestamp: 'min',
  wrapped_timestamp: 'first',
  environment: 'first',
  hint_environment: 'first',
  hint_name: 'first',
  input: 'truthy',
  output: 'truthy',
  root_input: 'truthy',
  root_output: 'truthy',
};
const score: Exceptions<ScoreFields> = { timestamp: 'first', original_timestamp: 'first', trace_id: 'first', environment: 'first' };

const rules: Record<EntityKind, Readonly<Record<string, Rule>>> = { observation, trace, score };

/** The rule of a field; `last` unless the table says otherwise. */
export function ruleOf(kind: EntityKind, field: string): Rule {
  return rules[kind][field] ?? 'last';
}
