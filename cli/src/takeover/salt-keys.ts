// The salt candidates of a verb, in the order in which they are tried.
import type { CommandContext } from '#command.ts';

/** Those of the flags first, then what LiteLLM itself would take. */
export function saltKeys({ env }: CommandContext, flags: readonly string[]): string[] {
  const own = [env.LITELLM_SALT_KEY, env.LITELLM_MASTER_KEY].filter((key): key is string => key !== undefined && key !== '');
  return [...new Set([...flags, ...own])];
}
