// Rules of LiteLLM that are kept and given back, but hold nobody here: said by name, so that nobody believes in a lock that is not there.
import type { Findings } from '#takeover/findings.ts';
import { object, type Row } from './fields.ts';

const OF_KEYS = [
  'allowed_cache_controls',
  'policies',
  'router_settings',
  'config',
  'permissions',
  'access_group_ids',
  'object_permission_id',
  'auto_rotate',
  'key_type',
  'budget_fallbacks',
  'tpd_limit',
  'project_id',
  'agent_id',
];
const OF_METADATA = ['guardrails', 'enforced_params', 'temp_budget_increase', 'logging', 'tag_rpm_limit', 'mcp_rpm_limit'];

const FIELDS: Readonly<Record<string, readonly string[]>> = {
  key: OF_KEYS,
  team: ['policies', 'router_settings', 'access_group_ids', 'object_permission_id', 'default_team_member_models', 'tpd_limit'],
  user: ['policies', 'allowed_cache_controls', 'object_permission_id'],
  organization: ['object_permission_id'],
  end_user: ['allowed_model_region', 'default_model', 'object_permission_id'],
  budget: ['tpd_limit', 'temp_budget_increase'],
};

/** Notes every rule of a row that says something and is not held here. */
export function noteUnheld(findings: Findings, kind: string, [id, row]: readonly [string, Row]): void {
  for (const field of FIELDS[kind] ?? []) {
    if (saysSomething(row[field])) findings.add({ level: 'note', kind, code: 'not-held', field }, id);
  }
  if (kind !== 'key' && kind !== 'team') return;
  const metadata = object(row, 'metadata');
  for (const field of OF_METADATA) {
    if (saysSomething(metadata[field])) findings.add({ level: 'note', kind, code: 'not-held', field: `metadata.${field}` }, id);
  }
}

/** Null, false, '' and what is empty say nothing; `default` is the key type that holds nobody. */
function saysSomething(value: unknown): boolean {
  if (value === undefined || value === null || value === false || value === '' || value === 'default') return false;
  return typeof value !== 'object' || Object.keys(value).length > 0;
}
