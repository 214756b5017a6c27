// The environment rule: which names are kept. Contract: Langfuse's environments.

/** Lower-cased, a leading `langfuse-` / `langfuse_` removed, at most 40 of [a-z0-9-_]; anything else is `default`. */
export function environmentOf(value: string): string {
  let name = value.toLowerCase();
  while (name.startsWith('langfuse')) name = name.slice(name[8] === '-' || name[8] === '_' ? 9 : 8);
  return /^[a-z0-9_-]{1,40}$/.test(name) ? name : 'default';
}

/** Sets the environment unless it is absent or `default`, which is what an entity without one gets anyway. */
export function putEnvironment(fields: { environment?: string }, value: string | null | undefined): void {
  if (!value) return;
  const name = environmentOf(value);
  if (name !== 'default') fields.environment = name;
}
