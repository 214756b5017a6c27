// Any server that speaks OpenAI's API: the OpenAI base plus one row of the quirks table.
import { openAiUpstream } from '#gateway/providers/openai/openai.ts';
import type { Provider } from '#gateway/providers/provider.ts';
import type { Deployment } from '#settings/settings.ts';
import { QUIRKS, type Quirk } from './quirks.ts';

/** Providers by prefix (groq, mistral, hosted_vllm ...); an unknown prefix needs `api_base` and is passed through untouched. */
export const openAiCompatible: Provider = {
  errorLabel: (deployment) => `${quirkOf(deployment).label}Exception`,
  upstream: (deployment) => {
    const quirk = quirkOf(deployment);
    return openAiUpstream(deployment, {
      defaultBase: quirk.base,
      keyRequired: quirk.keyVariable !== null && deployment.apiBase === null,
      keyVariable: quirk.keyVariable ?? '',
      streamUsage: quirk.streamUsage ?? true,
      rename: new Map(Object.entries(quirk.rename ?? {})),
      drop: new Set(quirk.drop ?? []),
    });
  },
};

function quirkOf(deployment: Deployment): Quirk {
  const known = Object.hasOwn(QUIRKS, deployment.providerName) ? QUIRKS[deployment.providerName] : undefined;
  if (known !== undefined) return known;
  const name = deployment.providerName;
  return { label: name.charAt(0).toUpperCase() + name.slice(1), base: null, keyVariable: null };
}
