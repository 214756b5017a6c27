// A model that was registered by the admin API, read by the same rules as an entry of model_list; without the process's environment: who may register a
// model must not read our variables by it.
import { readLiteLlmConfig } from './litellm-config.ts';
import { formatNote, Notes } from './notes.ts';
import type { Deployment } from './settings.ts';

export interface StoredModelEntry {
  model_name: string;
  litellm_params: Readonly<Record<string, unknown>>;
  model_info: Readonly<Record<string, unknown>>;
}

/** The deployment, or in words why there is none. */
export function readStoredModel(entry: StoredModelEntry): { deployment: Deployment } | { problem: string } {
  const notes = new Notes();
  const { gatewayConfig } = readLiteLlmConfig({ text: JSON.stringify({ model_list: [entry] }), path: 'the request', environment: {}, notes });
  const faults = notes.list().filter(({ level }) => level === 'error');
  if (faults.length > 0) return { problem: faults.map(formatNote).join('; ') };
  const [deployment] = gatewayConfig.deployments;
  if (deployment !== undefined) return { deployment };
  return { problem: Object.values(gatewayConfig.unsupportedModels ?? {})[0] ?? 'it names no model that can be served' };
}
