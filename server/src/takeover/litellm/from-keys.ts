// LiteLLM's virtual keys, registered models and credentials as records. Pure.
import { dollars, duration, type Fields, flag, instant, isObject, object, picos, type Row, rest, text, texts, whole } from './fields.ts';
import { LEVEL_COLUMNS, modelLimits, writtenBy } from './from-levels.ts';
import { type OpenedSecret, openSecret } from './secrets.ts';
import type { Taken, TakenCredential, TakenKey, TakenModel, TakenReplacedKey } from './taken.ts';

const KEY_COLUMNS = new Set<string>([
  ...LEVEL_COLUMNS.filter((name) => name !== 'soft_budget'),
  ...['token', 'key_name', 'key_alias', 'spend', 'expires', 'models', 'user_id', 'team_id', 'metadata', 'organization_id'],
]);
/** LiteLLM's marks of a key that nobody has blocked: null and false; which of both it was is kept. */
const BLOCKED = 'blocked';

/** LiteLLM_VerificationToken: `token` is the hash by which the key goes on working. */
export function fromKey(row: Row, home: string): Taken<TakenKey> {
  const id = text(row, 'token') ?? '';
  const { [BLOCKED]: blocked, ...others } = rest(row, KEY_COLUMNS);
  const value = {
    id,
    alias: text(row, 'key_alias'),
    name: text(row, 'key_name') ?? 'sk-...',
    models: texts(row, 'models'),
    max_budget: dollars(row, 'max_budget'),
    budget_duration: duration(row, 'budget_duration'),
    budget_reset_at: instant(row, 'budget_reset_at'),
    rpm_limit: whole(row, 'rpm_limit'),
    tpm_limit: whole(row, 'tpm_limit'),
    max_parallel_requests: whole(row, 'max_parallel_requests'),
    expires_at: instant(row, 'expires'),
    blocked: flag(row, BLOCKED),
    team_id: text(row, 'team_id'),
    user_id: text(row, 'user_id'),
    organization_id: text(row, 'organization_id') ?? home,
    tags: texts(object(row, 'metadata'), 'tags'),
    metadata: object(row, 'metadata'),
    other_fields: { ...others, ...(blocked === false ? { blocked } : {}), ...modelLimits(row) },
    ...writtenBy(row),
  };
  return { id, spentPicos: picos(row, 'spend'), value };
}

/** LiteLLM_DeprecatedVerificationToken: the old hash of a regenerated key. */
export function fromReplacedKey(row: Row): Taken<TakenReplacedKey> {
  const id = text(row, 'token') ?? '';
  const value = { id, active_id: text(row, 'active_token_id') ?? '', revoke_at: instant(row, 'revoke_at') ?? '', created_at: instant(row, 'created_at') };
  return { id, spentPicos: 0n, value };
}

/** Opens secrets with the candidates and counts in which form they were. */
export interface SecretOpener {
  open(text: string): OpenedSecret | null;
}

export function createOpener(saltKeys: readonly string[]): SecretOpener & { readonly opened: Readonly<Record<OpenedSecret['form'], number>> } {
  const opened = { nacl: 0, v2: 0, v3: 0 };
  return {
    opened,
    open(sealed) {
      const found = openSecret(sealed, saltKeys);
      if (found !== null) opened[found.form] += 1;
      return found;
    },
  };
}

/** Texts of LiteLLM's own that it never seals, so a value that no candidate opens is a secret without its key. */
const PLAIN_FIELDS = new Set(['use_in_pass_through', 'use_litellm_proxy', 'merge_reasoning_content_in_choices']);

/** Every text of a map opened; the names of those that no candidate opens. Numbers, lists and maps are stored open. */
export function openValues(values: Fields, opener: SecretOpener): { values: Record<string, unknown>; unopened: string[] } {
  const unopened: string[] = [];
  const entries = Object.entries(values).flatMap(([name, value]): [string, unknown][] => {
    if (typeof value !== 'string' || PLAIN_FIELDS.has(name)) return value === null ? [] : [[name, value]];
    const found = opener.open(value);
    if (found !== null) return [[name, asWritten(found.text)]];
    if (looksSealed(value)) {
      unopened.push(name);
      return [];
    }
    return [[name, value]];
  });
  return { values: Object.fromEntries(entries), unopened };
}

/** Some versions sealed a number or a flag as its text. */
function asWritten(opened: string): unknown {
  return opened === 'true' || opened === 'True' ? true : opened === 'false' || opened === 'False' ? false : opened;
}

/** At least nonce and tag in one of the forms. */
function looksSealed(value: string): boolean {
  return /^v[23]:gcm:/.test(value) || (/^[\w-]{54,}={0,2}$/.test(value) && value.length % 4 === 0);
}

/** LiteLLM_ProxyModelTable. */
export function fromModel(row: Row, opener: SecretOpener): { taken: Taken<TakenModel>; unopened: string[] } {
  const id = text(row, 'model_id') ?? '';
  const { values, unopened } = openValues(object(row, 'litellm_params'), opener);
  const { id: _own, db_model: _mark, ...info } = isObject(row.model_info) ? row.model_info : object(row, 'model_info');
  return { taken: { id, spentPicos: 0n, value: { id, modelName: text(row, 'model_name') ?? '', params: values, info, ...writtenBy(row) } }, unopened };
}

/** LiteLLM_CredentialsTable. */
export function fromCredential(row: Row, opener: SecretOpener): { taken: Taken<TakenCredential>; unopened: string[] } {
  const name = text(row, 'credential_name') ?? '';
  const { values, unopened } = openValues(object(row, 'credential_values'), opener);
  return { taken: { id: name, spentPicos: 0n, value: { name, values, info: object(row, 'credential_info'), ...writtenBy(row) } }, unopened };
}
