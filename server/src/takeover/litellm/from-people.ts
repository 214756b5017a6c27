// LiteLLM's organisations, teams, users and their members as records. Pure; `home` is the organisation of whoever names none.
import { flag, instant, isObject, list, object, picos, type Row, rest, text, texts } from './fields.ts';
import { LEVEL_COLUMNS, levelOf, modelLimits, writtenBy } from './from-levels.ts';
import type { Taken, TakenLevel, TakenMember, TakenOrganization, TakenOrganizationMember, TakenTeam, TakenUser } from './taken.ts';

const ORGANIZATION_COLUMNS = new Set<string>([...LEVEL_COLUMNS, 'organization_id', 'organization_alias', 'budget_id', 'metadata', 'models', 'spend']);

/** LiteLLM_OrganizationTable; its rules lie in a shared budget. */
export function fromOrganization(row: Row): Taken<TakenOrganization> {
  const id = text(row, 'organization_id') ?? '';
  const level: TakenLevel = { ...levelOf(row, 'organization', id), organization_id: id, budget_id: text(row, 'budget_id') };
  const value = {
    id,
    name: text(row, 'organization_alias') ?? id,
    models: texts(row, 'models'),
    metadata: object(row, 'metadata'),
    other_fields: rest(row, ORGANIZATION_COLUMNS),
    level,
    ...writtenBy(row),
  };
  return { id, spentPicos: picos(row, 'spend'), value };
}

const TEAM_COLUMNS = new Set<string>([
  ...LEVEL_COLUMNS,
  ...['team_id', 'team_alias', 'organization_id', 'members_with_roles', 'metadata', 'spend', 'models', 'blocked', 'model_id'],
  ...['model_max_budget', 'budget_limits'],
]);

export interface TeamSurroundings {
  readonly home: string;
  /** LiteLLM_ModelTable: id -> model aliases. */
  readonly aliasesOf: ReadonlyMap<number, Readonly<Record<string, unknown>>>;
  /** Who has an address. */
  readonly userOfEmail: ReadonlyMap<string, string>;
}

/** LiteLLM_TeamTable with its members. */
export function fromTeam(row: Row, around: TeamSurroundings): Taken<TakenTeam> {
  const id = text(row, 'team_id') ?? '';
  const organization = text(row, 'organization_id') ?? around.home;
  const value = {
    id,
    alias: text(row, 'team_alias'),
    organization_id: organization,
    models: texts(row, 'models'),
    model_aliases: typeof row.model_id === 'number' ? (around.aliasesOf.get(row.model_id) ?? {}) : {},
    blocked: flag(row, 'blocked'),
    metadata: object(row, 'metadata'),
    other_fields: withoutEmpty(rest(row, TEAM_COLUMNS), ['admins', 'members']),
    members: membersOf(row, around.userOfEmail),
    level: { ...levelOf(row, 'team', id), organization_id: organization, model_limits: modelLimits(row) },
    ...writtenBy(row),
  };
  return { id, spentPicos: picos(row, 'spend'), value };
}

function withoutEmpty(fields: Record<string, unknown>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).filter(([name, value]) => !names.includes(name) || !Array.isArray(value) || value.length > 0));
}

/** Of the list with roles; the two older lists name those whom it does not. */
function membersOf(row: Row, userOfEmail: ReadonlyMap<string, string>): TakenMember[] {
  const members = new Map<string, TakenMember>();
  const add = (userId: string | null, email: string | null, role: TakenMember['role']): void => {
    const id = userId ?? (email === null ? null : (userOfEmail.get(email.toLowerCase()) ?? null));
    if (id !== null && !members.has(id)) members.set(id, { user_id: id, email, role });
  };
  for (const one of list(row, 'members_with_roles')) add(text(one, 'user_id'), text(one, 'user_email'), one.role === 'admin' ? 'admin' : 'user');
  for (const id of texts(row, 'admins')) add(id, null, 'admin');
  for (const id of texts(row, 'members')) add(id, null, 'user');
  return [...members.values()];
}

/** Addresses among a team's members that lead to no user. */
export function strangersOf(row: Row, userOfEmail: ReadonlyMap<string, string>): string[] {
  const named = list(row, 'members_with_roles').filter((one) => text(one, 'user_id') === null);
  return named.flatMap((one) => {
    const email = text(one, 'user_email');
    return email !== null && userOfEmail.has(email.toLowerCase()) ? [] : [email ?? 'without a name'];
  });
}

const ROLES = ['proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer'];
const USER_COLUMNS = new Set<string>([
  ...LEVEL_COLUMNS,
  ...['user_id', 'user_alias', 'sso_user_id', 'organization_id', 'password', 'teams', 'user_role', 'spend', 'user_email', 'models', 'metadata'],
  ...['model_max_budget', 'budget_limits'],
]);

/** Where a role is kept that this platform does not have: such a user may do what LiteLLM lets him, an internal user's things. */
export const FOREIGN_ROLE = 'litellm_user_role';

/** LiteLLM_UserTable. A password is never taken: whoever signs in sets a new one. */
export function fromUser(row: Row, home: string): Taken<TakenUser> {
  const id = text(row, 'user_id') ?? '';
  const role = text(row, 'user_role');
  const known = role !== null && ROLES.includes(role);
  const organization = text(row, 'organization_id');
  const value = {
    id,
    organization_id: organization ?? home,
    alias: text(row, 'user_alias'),
    email: text(row, 'user_email'),
    role: known ? role : 'internal_user',
    sso_user_id: text(row, 'sso_user_id'),
    models: texts(row, 'models'),
    metadata: object(row, 'metadata'),
    other_fields: { ...rest(row, USER_COLUMNS), ...(known ? {} : { [FOREIGN_ROLE]: role ?? '' }) },
    level: levelOf(row, 'user', id),
    ...writtenBy(row),
  };
  return { id, spentPicos: picos(row, 'spend'), value };
}

/** LiteLLM_OrganizationMembership. */
export function fromOrganizationMember(row: Row): Taken<TakenOrganizationMember> {
  const organization = text(row, 'organization_id') ?? '';
  const user = text(row, 'user_id') ?? '';
  const value = {
    organization_id: organization,
    user_id: user,
    role: text(row, 'user_role') ?? 'internal_user',
    created_at: instant(row, 'created_at'),
    updated_at: instant(row, 'updated_at'),
  };
  return { id: `${organization}\u001f${user}`, spentPicos: 0n, value };
}

/** LiteLLM_ModelTable: model aliases of teams by id. */
export function aliasesFrom(rows: readonly Row[]): Map<number, Readonly<Record<string, unknown>>> {
  return new Map(
    rows.flatMap((row) => {
      const aliases = isObject(row.aliases) || typeof row.aliases === 'string' ? object(row, 'aliases') : object(row, 'model_aliases');
      return typeof row.id === 'number' ? [[row.id, aliases] as const] : [];
    }),
  );
}
