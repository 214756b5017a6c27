// GET /v1/models and /v1/models/{id}: the names that this key may call, in OpenAI's shape.
import { AppError } from '#lib/errors.ts';
import { mayUseModel } from './access.ts';
import type { Caller } from './authenticate.ts';
import type { Snapshot } from './snapshot.ts';

/** LiteLLM's constant: model lists carry no real dates. */
const CREATED = 1677610602;

/**
 * The list, or one model.
 * @throws AppError 404 for a model that does not exist for this key.
 */
export function modelsAnswer(snapshot: Snapshot, caller: Caller, id: string | null): object {
  const { modelAliases } = snapshot.config;
  const visible = (name: string) => caller.key === null || mayUseModel(caller.key, name, snapshot);
  if (id !== null) {
    if (snapshot.resolve(id) !== null && visible(id)) return entry(id);
    throw new AppError(`The model ${id.slice(0, 200)} does not exist for this key: \`/v1/models\` lists those that do.`, {
      status: 404,
      code: 'not_found_error',
      param: 'model',
    });
  }
  const names = [...snapshot.groups.keys(), ...Object.keys(modelAliases)].filter((name) => !name.includes('*') && visible(name));
  return { data: [...new Set(names)].map(entry), object: 'list' };
}

function entry(id: string): object {
  return { id, object: 'model', created: CREATED, owned_by: 'openai' };
}
