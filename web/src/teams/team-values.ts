// Teams as LiteLLM's admin routes speak of them, and the form that makes and edits them. Pure.
import { parseDecimal } from '#lib/decimal.ts';

export interface TeamMember {
  user_id: string | null;
  user_email: string | null;
  role: string;
}

/** A row of GET /v2/team/list (the fields that the console shows). */
export interface TeamRow {
  team_id: string;
  team_alias: string | null;
  models: string[];
  members_with_roles: TeamMember[];
  spend: number | string | null;
  max_budget: number | string | null;
  budget_duration: string | null;
  budget_reset_at: string | null;
  rpm_limit: number | null;
  tpm_limit: number | null;
  blocked: boolean;
  created_at: string;
}

/** What the form holds; numbers as typed. */
export interface TeamForm {
  alias: string;
  models: string[];
  maxBudget: string;
  /** LiteLLM's duration text; '' = the budget never starts anew. */
  budgetDuration: string;
  rpm: string;
  tpm: string;
}

export const EMPTY_TEAM: TeamForm = { alias: '', models: [], maxBudget: '', budgetDuration: '', rpm: '', tpm: '' };

export type TeamFault = 'alias-required' | 'not-a-number' | 'not-a-whole-number';

/** Faults by field; empty when the form may be sent. */
export function checkTeam(form: TeamForm): Partial<Record<keyof TeamForm, TeamFault>> {
  const faults: Partial<Record<keyof TeamForm, TeamFault>> = {};
  if (form.alias.trim() === '') faults.alias = 'alias-required';
  const budget = form.maxBudget.trim();
  const units = parseDecimal(budget);
  if (budget !== '' && (units === null || units < 0n)) faults.maxBudget = 'not-a-number';
  for (const field of ['rpm', 'tpm'] as const) if (form[field].trim() !== '' && !/^\d{1,15}$/.test(form[field].trim())) faults[field] = 'not-a-whole-number';
  return faults;
}

/** Body of POST /team/new and /team/update: null clears a limit. */
export function teamBody(form: TeamForm): Record<string, unknown> {
  const number = (text: string) => (text.trim() === '' ? null : Number(text.trim()));
  return {
    team_alias: form.alias.trim(),
    models: form.models,
    max_budget: number(form.maxBudget),
    budget_duration: form.budgetDuration || null,
    rpm_limit: number(form.rpm),
    tpm_limit: number(form.tpm),
  };
}

export function teamFormOf(row: TeamRow): TeamForm {
  const text = (value: number | string | null) => (value === null ? '' : String(value));
  return {
    alias: row.team_alias ?? '',
    models: row.models,
    maxBudget: text(row.max_budget),
    budgetDuration: row.budget_duration ?? '',
    rpm: text(row.rpm_limit),
    tpm: text(row.tpm_limit),
  };
}
