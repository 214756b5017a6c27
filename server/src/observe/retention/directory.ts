// The retention of every project in memory, as rows are given their class; kept true by news of the records.
import type { Records } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import { classOf, type RetentionPolicy, type RetentionRule } from './policy.ts';

const RETENTION_CHANNEL = 'genai_retention';
const FOR_EVER: RetentionPolicy = { days: 0, rules: [] };

export interface RetentionDirectory {
  /** 0..7 of a row of the project. */
  classOf(projectId: string, environment: string, tags: readonly string[]): number;
  close(): Promise<void>;
}

/** What holds for each project that exists, read now. */
export async function readPolicies(records: Pick<Records, 'query'>): Promise<Map<string, RetentionPolicy>> {
  const rows = await records.query<{ id: string; days: number; rules: RetentionRule[] }>(sql`
    SELECT p.id, coalesce(p.retention_days, o.retention_days, 0) AS days, p.retention_rules AS rules
    FROM projects p JOIN organizations o ON o.id = p.organization_id`);
  return new Map(rows.map(({ id, days, rules }) => [id, { days, rules }]));
}

/** Loads the rules and listens for changes. `onError` is told when a reload fails; the rules known so far stay in force. */
export async function openRetentionDirectory(records: Pick<Records, 'query' | 'listen'>, onError: (error: unknown) => void): Promise<RetentionDirectory> {
  let policies = new Map<string, RetentionPolicy>();
  const reload = async (): Promise<void> => {
    policies = await readPolicies(records);
  };
  const again = (): void => void reload().catch(onError);
  const stopListening = await records.listen(RETENTION_CHANNEL, again, again);
  await reload().catch(onError);
  return {
    classOf: (projectId, environment, tags) => classOf(policies.get(projectId) ?? FOR_EVER, environment, tags),
    close: stopListening,
  };
}
