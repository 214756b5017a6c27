// Any server that speaks OpenAI's API: the OpenAI base plus one row of the quirks table.
import { CHAT_ONLY, openAiUpstream } from '#gateway/providers/openai/openai.ts';
import type { Provider } from '#gateway/providers/provider.ts';
import type { Deployment } from '#settings/settings.ts';
import { QUIRKS, type Quirk } from './quirks.ts';

/** Providers by prefix (groq, mistral, hosted_vllm ...); an unknown prefix is passed through untouched. */
export const openAiCompatible: Provider = {
  // LiteLLM's wording: the prefix with a capital letter.
  errorLabel: ({ providerName }) => `${providerName.charAt(0).toUpperCase()}${providerName.slice(1)}Exception`,
  upstream: (deployment) => {
    const quirk = quirkOf(deployment);
    return openAiUpstream(deployment, {
      defaultBase: null,
      // Whether a key is needed is known to the settings, which mark the deployment as not ready without it.
      keyRequired: false,
      keyVariable: '',
      streamUsage: quirk.streamUsage ?? true,
      ...(quirk.chatOnly === true ? { native: CHAT_ONLY } : {}),
      keepsForeign: quirk.keepsForeign === true,
      rename: new Map(Object.entries(quirk.rename ?? {})),
      drop: new Set(quirk.drop ?? []),
    });
  },
};

function quirkOf(deployment: Deployment): Quirk {
  return (Object.hasOwn(QUIRKS, deployment.providerName) ? QUIRKS[deployment.providerName] : undefined) ?? {};
}
