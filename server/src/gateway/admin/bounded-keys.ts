// What owners may write into keys: never more than the key that asks has itself, and nothing that only an administrator decides.
import { lists, type ModelNames } from '#gateway/access.ts';
import { doorOf, opens, ROUTES_OF_KEY_TYPE } from '#gateway/allowed-routes.ts';
import type { VirtualKeyRecord } from '#identity/virtual-keys.ts';
import { durationMs } from '#lib/duration.ts';
import { AppError } from '#lib/errors.ts';
import { formatPicos, parsePicos, picosToNumber } from '#lib/money.ts';
import type { GenerateBody, UpdateBody } from './key-body.ts';

/** Fields that restrict or describe a key; everything else is an administrator's. */
const FIELDS = new Set(
  `key key_alias duration models max_budget budget_duration user_id team_id max_parallel_requests tpm_limit rpm_limit metadata blocked tags allowed_routes key_type
  soft_budget budget_limits model_max_budget model_rpm_limit model_tpm_limit new_key grace_period send_invite_email`.split(/\s+/),
);
/** Of the metadata: what switches guards and records off, or sends calls elsewhere. */
const METADATA_REFUSED = ['guardrails', 'disable_global_guardrails', 'turn_off_message_logging', 'logging', 'policies'];

/** Rules with parts of their own, which are compared by nobody: what the bound has of them is kept as it is. */
const AS_THEY_ARE = ['budget_limits', 'model_max_budget', 'model_rpm_limit', 'model_tpm_limit', 'budget_id', 'guardrails', 'object_permission'];

/** What bounds a key that an owner writes: the key that asks, and in a change of his own key what that was before. */
export type Bound = Pick<
  VirtualKeyRecord,
  'models' | 'maxBudgetPicos' | 'rpmLimit' | 'tpmLimit' | 'maxParallelRequests' | 'expiresAtMs' | 'allowedRoutes' | 'tags' | 'metadata' | 'otherFields'
>;

export interface BoundContext {
  /** What model lists are read against. */
  readonly names: ModelNames;
  readonly nowMs: number;
  /** A new key gets what its body leaves out from the bound; in a change it stays as it is. */
  readonly isNew: boolean;
}

/**
 * @param before the kept fields of the key that is changed; null for a new key.
 * @throws AppError 403 that names the field which only an administrator sets. In a change null is a wish too: it takes away.
 */
export function refuseAdministratorsFields(body: GenerateBody | UpdateBody, before: Readonly<Record<string, unknown>> | null): void {
  for (const [name, value] of Object.entries(body)) {
    if (FIELDS.has(name) || value === undefined) continue;
    const saysNothing = value === null && (before === null || (name !== 'spend' && !Object.hasOwn(before, name)));
    if (!saysNothing) throw refused(name, 'is set by an administrator only');
  }
  for (const name of METADATA_REFUSED) if (Object.hasOwn(body.metadata ?? {}, name)) throw refused(`metadata.${name}`, 'is set by an administrator only');
  if (before !== null && body.blocked !== undefined && body.blocked !== true) throw refused('blocked', 'is taken away by /key/unblock');
}

/** The metadata of a changed key with what only an administrator writes there. */
export function keepMetadata<Body extends UpdateBody>(body: Body, before: Readonly<Record<string, unknown>>): Body {
  return body.metadata === undefined ? body : { ...body, metadata: { ...body.metadata, ...picked(before, METADATA_REFUSED) } };
}

function picked(fields: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => Object.hasOwn(fields, name)).map((name) => [name, fields[name]]));
}

/** A body within the bound. @throws AppError 403 that names the field which asks for more. */
export function withinBound<Body extends GenerateBody | UpdateBody>(body: Body, bound: Bound, context: BoundContext): Body {
  const next: Record<string, unknown> = { ...body };
  limitNumbers(next, bound, context.isNew);
  limitModels(next, bound, context);
  limitRoutes(next, bound, context.isNew);
  limitTime(next, bound, context);
  keepRules(next, bound, context.isNew);
  return next as Body;
}

/** Of the metadata of the key that asks: what its new keys have as well. */
const METADATA_HANDED_ON = ['guardrails', 'turn_off_message_logging', 'policies'];

/** Tags carry budgets and lead to deployments, metadata names guards: neither is got rid of. */
function keepRules(body: Record<string, unknown>, bound: Bound, isNew: boolean): void {
  const handedOn = isNew ? picked(bound.metadata, METADATA_HANDED_ON) : {};
  if (Object.keys(handedOn).length > 0) body.metadata = { ...(body.metadata as Record<string, unknown> | null), ...handedOn };
  if ((isNew || body.tags !== undefined) && bound.tags.length > 0) body.tags = [...new Set([...bound.tags, ...((body.tags as string[] | null) ?? [])])];
  for (const name of AS_THEY_ARE) {
    const value = bound.otherFields[name] ?? null;
    if (value === null || (!isNew && body[name] === undefined)) continue;
    if (!fills(body, name, isNew, value)) throw refused(name, 'is as it is in the key that asks');
  }
}

const NUMBERS = [
  ['rpm_limit', 'rpmLimit'],
  ['tpm_limit', 'tpmLimit'],
  ['max_parallel_requests', 'maxParallelRequests'],
] as const;

function limitNumbers(body: Record<string, unknown>, bound: Bound, isNew: boolean): void {
  for (const [field, name] of NUMBERS) {
    const most = bound[name];
    if (most === null || fills(body, field, isNew, most)) continue;
    const asked = body[field] as number | null | undefined;
    if (asked === null || (asked !== undefined && asked > most)) throw refused(field, `may be at most ${most}`);
  }
  if (bound.maxBudgetPicos !== null) limitBudget(body, bound.maxBudgetPicos, isNew);
}

function limitBudget(body: Record<string, unknown>, most: bigint, isNew: boolean): void {
  // A shorter window is a larger budget.
  if ((body.budget_duration ?? null) !== null) throw refused('budget_duration', 'is set by an administrator only where a budget bounds the key');
  if (fills(body, 'max_budget', isNew, formatPicos(most))) return;
  const asked = body.max_budget as number | string | null | undefined;
  if (asked === null || (asked !== undefined && parsePicos(asked) > most)) throw refused('max_budget', `may be at most ${picosToNumber(most)}`);
}

/** In a new key what is left out is what the bound says. */
function fills(body: Record<string, unknown>, field: string, isNew: boolean, value: unknown): boolean {
  if (!isNew || (body[field] ?? null) !== null) return false;
  body[field] = value;
  return true;
}

function limitModels(body: Record<string, unknown>, { models }: Bound, { names, isNew }: BoundContext): void {
  if (models.length === 0) return;
  const asked = body.models as readonly string[] | null | undefined;
  if (asked === undefined && !isNew) return;
  // An empty list would mean every model.
  if (asked === undefined || asked === null || asked.length === 0) {
    if (!isNew) throw refused('models', 'may name less than now, not everything');
    body.models = [...models];
    return;
  }
  // A pattern or a group is only as much as the list if the list has it itself.
  const more = asked.find(
    (name) => !models.includes(name) && (name.includes('*') || name.startsWith('all-') || names.accessGroups.has(name) || !lists(models, name, names)),
  );
  if (more !== undefined) throw refused('models', `may not name ${more}: it is not among the models of the key that asks`);
}

function limitRoutes(body: Record<string, unknown>, { allowedRoutes }: Bound, isNew: boolean): void {
  if (allowedRoutes === undefined) return;
  const type = body.key_type as string | null | undefined;
  const asked = (body.allowed_routes as readonly string[] | null | undefined) ?? (type ? ROUTES_OF_KEY_TYPE[type] : undefined);
  if (asked === undefined && !isNew && body.allowed_routes === undefined) return;
  if (asked === undefined || asked.length === 0) {
    if (!isNew) throw refused('allowed_routes', 'may name less than now, not everything');
    body.allowed_routes = [...allowedRoutes];
    return;
  }
  const isPath = (entry: string): boolean => /^\/[^*{]*$/.test(entry);
  const opened = (entry: string): boolean => opens(allowedRoutes, entry, doorOf(entry));
  const more = asked.find((entry) => !allowedRoutes.includes(entry) && !(isPath(entry) && opened(entry)));
  if (more !== undefined) throw refused('allowed_routes', `may not name ${more}: the key that asks may not use it`);
}

function limitTime(body: Record<string, unknown>, { expiresAtMs }: Bound, { nowMs, isNew }: BoundContext): void {
  if (expiresAtMs === null) return;
  const leftMs = Math.max(0, expiresAtMs - nowMs);
  if (fills(body, 'duration', isNew, `${Math.max(1, Math.floor(leftMs / 1000))}s`)) return;
  const asked = body.duration as string | null | undefined;
  if (asked === undefined) return;
  const askedMs = asked === null ? Number.POSITIVE_INFINITY : (durationMs(asked) ?? Number.POSITIVE_INFINITY);
  if (askedMs > leftMs) throw refused('duration', 'may not end after the key that asks');
}

function refused(field: string, why: string): AppError {
  return new AppError(`${field} ${why}.`, { status: 403, code: 'auth_error', param: field });
}
