// Any server that speaks OpenAI's API: the OpenAI base plus one row of the quirks table.
import { AUDIO, CHAT_ONLY, IMAGES, OPENAI_NATIVE, openAiUpstream } from '#gateway/providers/openai/openai.ts';
import type { Endpoint, Provider } from '#gateway/providers/provider.ts';
import type { Deployment } from '#settings/settings.ts';
import { QUIRKS, type Quirk } from './quirks.ts';

/** Providers by prefix (groq, mistral, hosted_vllm ...); an unknown prefix is passed through untouched. */
export const openAiCompatible: Provider = {
  // LiteLLM's wording: the prefix with a capital letter.
  errorLabel: ({ providerName }) => `${providerName.charAt(0).toUpperCase()}${providerName.slice(1)}Exception`,
  upstream: (deployment) => {
    const quirk = quirkOf(deployment);
    const { wire, ...made } = openAiUpstream(deployment, {
      defaultBase: null,
      // Whether a key is needed is known to the settings, which mark the deployment as not ready without it.
      keyRequired: false,
      keyVariable: '',
      streamUsage: quirk.streamUsage ?? true,
      native: nativeOf(quirk),
      batches: quirk.batches === true,
      ...(quirk.rerank === 'beside' ? { rerankPath: besideBase } : {}),
      keepsForeign: quirk.keepsForeign === true,
      rename: new Map(Object.entries(quirk.rename ?? {})),
      drop: new Set(quirk.drop ?? []),
    });
    return quirk.noChat === true || wire === undefined ? made : { ...made, wire };
  },
};

const MEDIA: readonly Endpoint[] = [...AUDIO, ...IMAGES, 'image-variations', 'realtime-session'];
const EMBEDDINGS_ONLY: ReadonlySet<Endpoint> = new Set<Endpoint>(['embeddings']);

function nativeOf({ chatOnly, noChat, rerank, media = MEDIA }: Quirk): ReadonlySet<Endpoint> {
  const native = noChat === true ? EMBEDDINGS_ONLY : chatOnly === true ? CHAT_ONLY : OPENAI_NATIVE;
  return new Set<Endpoint>([...native, ...media, ...(rerank === undefined ? [] : (['rerank'] as const))]);
}

/** `/compatibility/v1`, or any version, leads to `/v2/rerank`. */
function besideBase(basePath: string): string {
  return `${basePath.replace(/(?:\/compatibility)?\/v\d+$/, '')}/v2/rerank`;
}

function quirkOf(deployment: Deployment): Quirk {
  return (Object.hasOwn(QUIRKS, deployment.providerName) ? QUIRKS[deployment.providerName] : undefined) ?? {};
}
