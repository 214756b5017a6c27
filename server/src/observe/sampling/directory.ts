// The sampling rules of all projects in memory, kept true by news of the records. Where no project has one, nothing is ever asked.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { SamplingRule } from './rule.ts';

const SAMPLING_CHANNEL = 'genai_sampling';

export interface SamplingDirectory {
  ruleOf(projectId: string): SamplingRule | undefined;
  projects(): readonly string[];
  close(): Promise<void>;
}

export interface DirectoryEvents {
  /** The rules were read again. */
  onChange: () => void;
  /** They could not be read; those known so far stay in force. */
  onError: (error: unknown) => void;
}

/** Loads the rules and listens for changes. */
export async function openSamplingDirectory(records: Pick<Records, 'query' | 'listen'>, { onChange, onError }: DirectoryEvents): Promise<SamplingDirectory> {
  let rules = new Map<string, SamplingRule>();
  const reload = async (): Promise<void> => {
    const rows = await records.query<{ id: string; rule: SamplingRule }>(sql`SELECT id, sampling_rule AS rule FROM projects WHERE sampling_rule IS NOT NULL`);
    rules = new Map(rows.map(({ id, rule }) => [id, rule]));
    onChange();
  };
  const again = (): void => void reload().catch(onError);
  const stopListening = await records.listen(SAMPLING_CHANNEL, again, again);
  await reload().catch(onError);
  return { ruleOf: (projectId) => rules.get(projectId), projects: () => [...rules.keys()], close: stopListening };
}
