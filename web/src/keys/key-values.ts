// Virtual keys as LiteLLM's admin routes speak of them, and the form that makes and edits them. Pure.
import { parseDecimal } from '#lib/decimal.ts';

/** A row of GET /key/list?return_full_object=true (the fields that the console shows). */
export interface VirtualKeyRow {
  /** SHA-256 of the key; what update, block and delete take. */
  token: string;
  key_name: string | null;
  key_alias: string | null;
  spend: number | string | null;
  max_budget: number | string | null;
  models: string[] | null;
  rpm_limit: number | null;
  tpm_limit: number | null;
  max_parallel_requests: number | null;
  team_id: string | null;
  team_alias?: string | null;
  user_id: string | null;
  blocked: boolean | null;
  expires: string | null;
  created_at: string | null;
}

export interface VirtualKeyPage {
  keys: VirtualKeyRow[];
  total_count: number;
  current_page: number;
  total_pages: number;
}

/** What the form holds; numbers as typed. */
export interface KeyForm {
  alias: string;
  models: string[];
  maxBudget: string;
  /** LiteLLM's duration text ("30d"); '' = never, 'keep' = as it is (edit only). */
  duration: string;
  rpm: string;
  tpm: string;
  parallel: string;
  teamId: string;
  userId: string;
}

export const EMPTY_FORM: KeyForm = { alias: '', models: [], maxBudget: '', duration: '', rpm: '', tpm: '', parallel: '', teamId: '', userId: '' };

export type FormFault = 'alias-required' | 'not-a-number' | 'not-a-whole-number';

/** Faults by field; empty when the form may be sent. */
export function checkForm(form: KeyForm): Partial<Record<keyof KeyForm, FormFault>> {
  const faults: Partial<Record<keyof KeyForm, FormFault>> = {};
  if (form.alias.trim() === '') faults.alias = 'alias-required';
  if (form.maxBudget.trim() !== '' && !isAmount(form.maxBudget)) faults.maxBudget = 'not-a-number';
  for (const field of ['rpm', 'tpm', 'parallel'] as const) {
    if (form[field].trim() !== '' && !/^\d{1,15}$/.test(form[field].trim())) faults[field] = 'not-a-whole-number';
  }
  return faults;
}

/** Body of POST /key/generate: what was left empty is left out, so that the platform's defaults hold. */
export function createBody(form: KeyForm): Record<string, unknown> {
  return Object.fromEntries(Object.entries({ ...commonBody(form), duration: form.duration || null }).filter(([, value]) => value !== null));
}

/** Body of POST /key/update: a merge patch in which null clears a limit. */
export function updateBody(token: string, form: KeyForm): Record<string, unknown> {
  const body: Record<string, unknown> = { key: token, ...commonBody(form), models: form.models };
  if (form.duration !== 'keep') body.duration = form.duration === '' ? null : form.duration;
  return body;
}

/** The form that edits a key. */
export function formOf(row: VirtualKeyRow): KeyForm {
  const text = (value: number | string | null) => (value === null ? '' : String(value));
  return {
    alias: row.key_alias ?? '',
    models: row.models ?? [],
    maxBudget: text(row.max_budget),
    duration: 'keep',
    rpm: text(row.rpm_limit),
    tpm: text(row.tpm_limit),
    parallel: text(row.max_parallel_requests),
    teamId: row.team_id ?? '',
    userId: row.user_id ?? '',
  };
}

/** active, blocked or expired, in that order of what a caller notices first. */
export function statusOf(row: VirtualKeyRow, nowMs: number): 'active' | 'blocked' | 'expired' {
  if (row.blocked === true) return 'blocked';
  if (row.expires !== null && Date.parse(row.expires) <= nowMs) return 'expired';
  return 'active';
}

function commonBody(form: KeyForm): Record<string, unknown> {
  const whole = (text: string) => (text.trim() === '' ? null : Number(text.trim()));
  return {
    key_alias: form.alias.trim(),
    models: form.models.length > 0 ? form.models : null,
    max_budget: form.maxBudget.trim() === '' ? null : Number(form.maxBudget.trim()),
    rpm_limit: whole(form.rpm),
    tpm_limit: whole(form.tpm),
    max_parallel_requests: whole(form.parallel),
    team_id: form.teamId.trim() || null,
    user_id: form.userId.trim() || null,
  };
}

function isAmount(text: string): boolean {
  const units = parseDecimal(text);
  return units !== null && units >= 0n;
}
