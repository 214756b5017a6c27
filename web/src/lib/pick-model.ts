// Which model the first call names: one that answers now, offline if possible.
import type { ConsoleModels } from '@genai/server/contract';

/** `demo` where it is offered (it needs no network), else a ready chat model that the key may call, else any name that can be called at all. */
export function pickModel(models: ConsoleModels['data'], allowed: readonly string[]): string {
  const named = models.filter((model) => !model.name.includes('*') && (allowed.length === 0 || allowed.includes(model.name)));
  const ready = named.filter((model) => model.deployments.some((deployment) => deployment.ready && (deployment.mode === null || deployment.mode === 'chat')));
  const offline = ready.find((model) => model.name === 'demo');
  const exact = allowed.find((name) => !name.includes('*'));
  return (offline ?? ready[0])?.name ?? exact ?? named[0]?.name ?? 'demo';
}
