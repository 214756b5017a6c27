// The tables that are taken over, in the order in which they need each other: how a row is understood, whether it may come, and how it is written.
import { UNIT_SEPARATOR } from '#identity/governing.ts';
import { isKeyHash } from '#identity/keys.ts';
import type { RecordsSession } from '#stores/records/port.ts';
import { sql } from '#stores/records/sql.ts';
import type { Findings } from '#takeover/findings.ts';
import { duration, type Row, text, texts } from './fields.ts';
import { fromKey, fromReplacedKey } from './from-keys.ts';
import { fromBudget, fromEndUser, fromMembership, fromTag } from './from-levels.ts';
import { fromOrganization, fromOrganizationMember, fromTeam, fromUser, strangersOf } from './from-people.ts';
import {
  writeKeys,
  writeLevels,
  writeMemberLevels,
  writeOrganizationMembers,
  writeOrganizations,
  writeReplacedKeys,
  writeTeams,
  writeUsers,
} from './import-writes.ts';
import type { SpendKind, Taken, TakenKey, TakenLevel, TakenUser } from './taken.ts';
import { noteUnheld } from './unheld.ts';

/** What the rows of one table need to know of the others. */
export interface ImportContext {
  readonly records: RecordsSession;
  readonly home: { readonly organizationId: string; readonly projectId: string };
  readonly findings: Findings;
  readonly now: Date;
  /** Ids that are here or will be. */
  readonly organizations: Set<string>;
  readonly teams: Set<string>;
  readonly keys: Set<string>;
  /** Names that belong to somebody, here or there: alias, address, SSO id -> its owner. */
  readonly aliases: Map<string, string>;
  readonly emails: Map<string, string>;
  readonly ssoIds: Map<string, string>;
  readonly aliasesOf: ReadonlyMap<number, Readonly<Record<string, unknown>>>;
  /** Models that a shared budget allows its members. */
  readonly budgetModels: Map<string, readonly string[]>;
}

export interface ImportStep {
  readonly kind: string;
  readonly table: string;
  readonly order: readonly string[];
  /** Whose money its spend is; null: it spends nothing. */
  readonly spend: SpendKind | null;
  /** Null: refused, and said why. */
  understand(row: Row, context: ImportContext): Taken<unknown> | null;
  /** Which of some ids are here already. */
  existing(context: ImportContext, ids: readonly string[]): Promise<string[]>;
  write(session: RecordsSession, values: readonly unknown[], context: ImportContext): Promise<void>;
}

/** Ties the value's type between reading and writing. */
function step<Value>(line: {
  kind: string;
  table: string;
  order: readonly string[];
  spend?: SpendKind;
  understand(row: Row, context: ImportContext): Taken<Value> | null;
  existing(context: ImportContext, ids: readonly string[]): Promise<string[]>;
  write(session: RecordsSession, values: readonly Value[], context: ImportContext): Promise<void>;
}): ImportStep {
  return { ...line, spend: line.spend ?? null, write: (session, values, context) => line.write(session, values as readonly Value[], context) };
}

export const IMPORT_STEPS: readonly ImportStep[] = [
  step<TakenLevel>({
    kind: 'budget',
    table: 'BudgetTable',
    order: ['budget_id'],
    understand(row, context) {
      const taken = fromBudget(row);
      context.budgetModels.set(taken.id, texts(row, 'allowed_models'));
      return sound(row, taken, ['budget', context]);
    },
    existing: levelsHere('budget'),
    write: writeLevels,
  }),
  step({
    kind: 'organization',
    table: 'OrganizationTable',
    order: ['organization_id'],
    spend: 'organization',
    understand(row, context) {
      const taken = sound(row, fromOrganization(row), ['organization', context]);
      if (taken !== null) context.organizations.add(taken.id);
      return taken;
    },
    existing: idsHere((ids) => sql`SELECT id FROM organizations WHERE id = ANY(${ids}::text[])`),
    write: writeOrganizations,
  }),
  step<TakenUser>({
    kind: 'user',
    table: 'UserTable',
    order: ['user_id'],
    spend: 'user',
    understand(row, context) {
      const taken = sound(row, fromUser(row, context.home.organizationId), ['user', context]);
      if (taken === null || !inOrganization(taken, ['user', context])) return null;
      if (row.password !== null && row.password !== undefined) context.findings.add({ level: 'note', kind: 'user', code: 'password' }, taken.id);
      return { ...taken, value: withOwnNames(taken.value, context) };
    },
    existing: idsHere((ids) => sql`SELECT id FROM internal_users WHERE id = ANY(${ids}::text[])`),
    write: writeUsers,
  }),
  step({
    kind: 'team',
    table: 'TeamTable',
    order: ['team_id'],
    spend: 'team',
    understand(row, context) {
      const around = { home: context.home.organizationId, aliasesOf: context.aliasesOf, userOfEmail: context.emails };
      const taken = sound(row, fromTeam(row, around), ['team', context]);
      if (taken === null || !inOrganization(taken, ['team', context])) return null;
      for (const stranger of strangersOf(row, context.emails)) {
        context.findings.add({ level: 'note', kind: 'team', code: 'member-unknown' }, `${taken.id}: ${stranger}`);
      }
      context.teams.add(taken.id);
      return taken;
    },
    existing: idsHere((ids) => sql`SELECT id FROM teams WHERE id = ANY(${ids}::text[])`),
    write: writeTeams,
  }),
  step<TakenLevel>({
    kind: 'member',
    table: 'TeamMembership',
    order: ['team_id', 'user_id'],
    spend: 'member',
    understand(row, context) {
      const taken = fromMembership(row);
      if (context.teams.has(text(row, 'team_id') ?? '')) return taken;
      return refuse(context, ['member', 'no-team'], taken.id.replace(UNIT_SEPARATOR, ': '));
    },
    existing: levelsHere('member'),
    write: (session, levels, context) =>
      writeMemberLevels(
        session,
        levels.map((level) => {
          const [teamId = '', userId = ''] = level.subject.split(UNIT_SEPARATOR);
          return { level, teamId, userId, models: context.budgetModels.get(level.budget_id ?? '') ?? [] };
        }),
      ),
  }),
  step({
    kind: 'organization_member',
    table: 'OrganizationMembership',
    order: ['organization_id', 'user_id'],
    understand(row, context) {
      const taken = fromOrganizationMember(row);
      const shown = taken.id.replace(UNIT_SEPARATOR, ': ');
      if (!context.organizations.has(taken.value.organization_id)) return refuse(context, ['organization_member', 'no-organization'], shown);
      if (text(row, 'budget_id') !== null) context.findings.add({ level: 'note', kind: 'organization_member', code: 'not-held', field: 'budget_id' }, shown);
      return taken;
    },
    existing: idsHere(
      (ids) =>
        sql`SELECT organization_id || chr(31) || user_id AS id FROM organization_members WHERE organization_id || chr(31) || user_id = ANY(${ids}::text[])`,
    ),
    write: writeOrganizationMembers,
  }),
  step<TakenKey>({
    kind: 'key',
    table: 'VerificationToken',
    order: ['token'],
    spend: 'key',
    understand(row, context) {
      const taken = sound(row, fromKey(row, context.home.organizationId), ['key', context]);
      if (taken === null || !inOrganization(taken, ['key', context])) return null;
      if (!isKeyHash(taken.id)) return refuse(context, ['key', 'no-hash'], taken.value.alias ?? taken.id.slice(0, 12));
      if (taken.value.team_id !== null && !context.teams.has(taken.value.team_id)) return refuse(context, ['key', 'no-team'], shownKey(taken));
      context.keys.add(taken.id);
      return { ...taken, value: withOwnAlias(taken, context) };
    },
    // A key that was regenerated here is here by its old hash, too.
    existing: idsHere(
      (ids) => sql`
      SELECT id FROM virtual_keys WHERE id = ANY(${ids}::text[]) UNION SELECT id FROM replaced_keys WHERE id = ANY(${ids}::text[])`,
    ),
    write: (session, keys, context) => writeKeys(session, keys, context.home.projectId),
  }),
  step({
    kind: 'replaced_key',
    table: 'DeprecatedVerificationToken',
    order: ['token'],
    understand(row, context) {
      const taken = fromReplacedKey(row);
      if (new Date(taken.value.revoke_at) <= context.now) return refuse(context, ['replaced_key', 'revoked'], taken.id.slice(0, 12));
      return context.keys.has(taken.value.active_id) ? taken : refuse(context, ['replaced_key', 'no-key'], taken.id.slice(0, 12));
    },
    existing: idsHere((ids) => sql`SELECT id FROM replaced_keys WHERE id = ANY(${ids}::text[])`),
    write: writeReplacedKeys,
  }),
  step<TakenLevel>({
    kind: 'end_user',
    table: 'EndUserTable',
    order: ['user_id'],
    spend: 'end_user',
    understand: (row, context) => sound(row, fromEndUser(row), ['end_user', context]),
    existing: levelsHere('end_user'),
    write: writeLevels,
  }),
  step<TakenLevel>({
    kind: 'tag',
    table: 'TagTable',
    order: ['tag_name'],
    spend: 'tag',
    understand: (row, context) => sound(row, fromTag(row), ['tag', context]),
    existing: levelsHere('tag'),
    write: writeLevels,
  }),
];

type Where = readonly [kind: string, context: ImportContext];

function refuse(context: ImportContext, [kind, code]: readonly [string, string], id: string): null {
  context.findings.add({ level: 'refused', kind, code }, id);
  return null;
}

/** An id that can be one here, a window that can be held; rules that hold nobody are named. */
function sound<Value>(row: Row, taken: Taken<Value>, [kind, context]: Where): Taken<Value> | null {
  if (taken.id === '' || /\p{Cc}/u.test(taken.id)) return refuse(context, [kind, 'bad-id'], JSON.stringify(taken.id));
  const window = text(row, 'budget_duration');
  if (window !== null && duration(row, 'budget_duration') === null) context.findings.add({ level: 'note', kind, code: 'duration', detail: window }, taken.id);
  noteUnheld(context.findings, kind, [taken.id, row]);
  return taken;
}

function inOrganization(taken: Taken<{ organization_id: string }>, [kind, context]: Where): boolean {
  if (context.organizations.has(taken.value.organization_id)) return true;
  refuse(context, [kind, 'no-organization'], taken.id);
  return false;
}

const shownKey = ({ id, value }: Taken<TakenKey>): string => value.alias ?? `${value.name} ${id.slice(0, 8)}`;

/** An alias names one key: the second one keeps its own among the fields that are only given back. */
function withOwnAlias(taken: Taken<TakenKey>, context: ImportContext): TakenKey {
  const { value } = taken;
  if (value.alias === null) return value;
  const owner = context.aliases.get(value.alias);
  if (owner === undefined || owner === taken.id) {
    context.aliases.set(value.alias, taken.id);
    return value;
  }
  context.findings.add({ level: 'note', kind: 'key', code: 'alias-taken' }, value.alias);
  return { ...value, alias: null, other_fields: { ...value.other_fields, key_alias: value.alias } };
}

/** An address and an SSO id name one user. */
function withOwnNames(user: TakenUser, context: ImportContext): TakenUser {
  const own = (names: Map<string, string>, name: string | null, code: string): boolean => {
    if (name === null) return true;
    const owner = names.get(name.toLowerCase());
    if (owner === undefined) names.set(name.toLowerCase(), user.id);
    if (owner === undefined || owner === user.id) return true;
    context.findings.add({ level: 'note', kind: 'user', code }, user.id);
    return false;
  };
  const email = own(context.emails, user.email, 'email-taken');
  const sso = own(context.ssoIds, user.sso_user_id, 'sso-taken');
  if (email && sso) return user;
  const kept = { ...(email ? {} : { user_email: user.email }), ...(sso ? {} : { sso_user_id: user.sso_user_id }) };
  return { ...user, email: email ? user.email : null, sso_user_id: sso ? user.sso_user_id : null, other_fields: { ...user.other_fields, ...kept } };
}

function levelsHere(kind: string): ImportStep['existing'] {
  return idsHere((ids) => sql`SELECT subject AS id FROM spend_limits WHERE kind = ${kind} AND is_registered AND subject = ANY(${ids}::text[])`);
}

function idsHere(statement: (ids: readonly string[]) => ReturnType<typeof sql>): ImportStep['existing'] {
  return async ({ records }, ids) => (await records.query<{ id: string }>(statement(ids))).map(({ id }) => id);
}
