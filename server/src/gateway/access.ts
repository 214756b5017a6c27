// Which models a key may call: every level that lists models must list this one.
import type { Level } from '#identity/governing.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { Snapshot } from './snapshot.ts';

/** What a model list is read against: the configuration's aliases and access groups. */
export type ModelNames = Pick<Snapshot, 'config' | 'accessGroups'>;

/** Whether every list of the key names a model: exactly, by its alias, by a wildcard (`openai/*`, `*`), by an access group or by LiteLLM's special values. */
export function mayUseModel(key: VirtualKey, model: string, names: ModelNames): boolean {
  return refusingLevel(key, model, names) === null;
}

/** @throws AppError with the configured status and the type of the level that does not allow the model. */
export function checkModel(key: VirtualKey, model: string, names: ModelNames): void {
  const refusing = refusingLevel(key, model, names);
  if (refusing === null) return;
  const list = key.modelLists.find(({ level }) => level === refusing)?.models ?? [];
  const [noun, code] = DENIED[refusing];
  const shown = list.map((name) => `'${name}'`).join(', ');
  const message = `${noun} not allowed to access model. This ${noun} can only access models=[${shown}]. Tried to access ${model.slice(0, 200)}`;
  throw new AppError(message, { status: names.config.compat.modelDeniedStatus, code, param: 'model' });
}

const DENIED: Readonly<Record<Level, readonly [string, string]>> = {
  key: ['key', 'key_model_access_denied'],
  team: ['team', 'team_model_access_denied'],
  member: ['team member', 'team_model_access_denied'],
  user: ['user', 'user_model_access_denied'],
  organization: ['org', 'org_model_access_denied'],
  end_user: ['end user', 'user_model_access_denied'],
  tag: ['tag', 'key_model_access_denied'],
};

function refusingLevel(key: VirtualKey, model: string, names: ModelNames): Level | null {
  for (const { level, models } of key.modelLists) if (!lists(models, model, names)) return level;
  return null;
}

/** Whether one list names the model. */
export function lists(models: readonly string[], model: string, { config, accessGroups }: ModelNames): boolean {
  const alias = Object.hasOwn(config.modelAliases, model) ? config.modelAliases[model] : undefined;
  return models.some((allowed) => {
    if (allows(allowed, model) || (alias !== undefined && allows(allowed, alias))) return true;
    const group = accessGroups.get(allowed);
    return group !== undefined && (group.has(model) || (alias !== undefined && group.has(alias)));
  });
}

function allows(allowed: string, model: string): boolean {
  if (allowed === model || allowed === '*' || allowed === 'all-proxy-models' || allowed === 'all-team-models') return true;
  const star = allowed.indexOf('*');
  return star >= 0 && model.length >= allowed.length - 1 && model.startsWith(allowed.slice(0, star)) && model.endsWith(allowed.slice(star + 1));
}
