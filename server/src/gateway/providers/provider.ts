// The contract of a provider: how a deployment's upstream is addressed and what its dialect cannot take. Bodies stay the client's bytes; a provider only names the edits.
import type { IncomingHttpHeaders } from 'node:http';
import type { Dispatcher } from 'undici';
import type { CallEndpoint } from '#call-record.ts';
import type { Deployment } from '#settings/settings.ts';
import type { EmbeddingsWire } from './embeddings.ts';
import type { PicturesWire } from './pictures.ts';
import type { RerankWire } from './rerank.ts';
import type { AnswerTranslation, Wire } from './wire.ts';

/** What clients call. */
export type Endpoint = CallEndpoint;

/** One deployment made ready: computed once a configuration, read on every call. */
export interface Upstream {
  /** Scheme, host and port, for example https://x.openai.azure.com. */
  readonly origin: string;
  /** Base for logs and `x-litellm-model-api-base`: no query, no credentials. */
  readonly apiBase: string;
  /** Endpoints that the upstream speaks itself: the client's bytes pass. */
  readonly native: ReadonlySet<Endpoint>;
  /** Request target with its query, for a native endpoint or for a translated chat; `upstreamModel` is already resolved (wildcards filled in). */
  path(endpoint: Endpoint | 'count-tokens', upstreamModel: string, stream?: boolean): string;
  /** Request target of the files and batches that it keeps in OpenAI's form; absent = it has none. */
  batchPath?(what: 'files' | 'batches'): string;
  /** Flat name, value list sent with every request, credentials included. */
  readonly headers: readonly string[];
  /** Headers of a native endpoint that is called with other ones. */
  readonly endpointHeaders?: Readonly<Partial<Record<Endpoint, readonly string[]>>>;
  /** More headers of one call, flat: tokens and signatures that the constant ones cannot hold. @throws AppError without usable credentials. */
  authorize?(sending: { readonly path: string; readonly body: Buffer; readonly stream: boolean }): Promise<readonly string[]>;
  /** Names of the client's headers that go on with a native endpoint, instead of a configured value of that name. */
  readonly passes?: readonly string[];
  /** Body keys that the upstream calls differently: client's key -> upstream's key. */
  readonly rename: ReadonlyMap<string, string>;
  /** Body keys that the upstream refuses. */
  readonly drop: ReadonlySet<string>;
  /** Whether `stream_options.include_usage` is understood. */
  readonly streamUsage: boolean;
  /** Chat in the upstream's own language, for endpoints that it does not speak; absent = those are not served. */
  readonly wire?: Wire;
  /** Embeddings in the upstream's own language, where it does not speak OpenAI's. */
  readonly embeddings?: EmbeddingsWire;
  /** Rerank in the upstream's own language, where it does not speak Cohere's. */
  readonly rerank?: RerankWire;
  /** Pictures in the upstream's own language, where it does not speak OpenAI's. */
  readonly pictures?: PicturesWire;
  /** What a native body differs in where a cloud serves the language under addresses of its own. */
  nativeEdits?(endpoint: Endpoint | 'count-tokens', clientHeaders: IncomingHttpHeaders): NativeEdits;
  /** Reads a native answer that is wrapped in something of the upstream's own. */
  readonly nativeAnswer?: AnswerTranslation;
  /** A count of tokens that is asked for in words of the upstream's own; absent = in the client's. */
  readonly tokenCount?: TokenCount;
  /** Answers in this process instead of over the network. */
  readonly local?: LocalUpstream;
}

/** Members of a native body that stand elsewhere, and members that the upstream wants beside the client's. */
export interface NativeEdits {
  readonly drop: ReadonlySet<string>;
  /** Key -> JSON. */
  readonly add: ReadonlyMap<string, string>;
}

/** How an upstream counts the tokens of a Messages call. */
export interface TokenCount {
  request(body: Buffer): Buffer;
  /** Null: it did not count them. */
  read(status: number, answer: string): number | null;
}

/** An upstream inside the process: speaks undici's dispatch contract, so that the corridor needs no second way. */
export interface LocalUpstream {
  dispatch(options: { readonly path: string; readonly body: Buffer }, handler: Dispatcher.DispatchHandler): void;
}

/** The connections to an origin as the deployment has them: its proxy, its certificate authorities. Belongs to one configuration; a call asks anew. */
export type Reach = (origin: string) => Dispatcher;

export interface Provider {
  /** Name in upstream error texts, for example `AzureException` (LiteLLM's wording). */
  errorLabel(deployment: Deployment): string;
  /**
   * @param dropParams leave out parameters that the model refuses (LiteLLM's drop_params).
   * @param reach for what is asked beside the upstream; absent = straight out.
   * @throws AppError when the deployment lacks something; the message names it.
   */
  upstream(deployment: Deployment, dropParams: boolean, reach?: Reach): Upstream;
}

/** A base URL's parts; user info is refused because it would end up in logs. Null when it is no http(s) URL. */
export function parseBase(base: string): { origin: string; path: string; search: URLSearchParams } | null {
  if (!URL.canParse(base)) return null;
  const url = new URL(base);
  if ((url.protocol !== 'https:' && url.protocol !== 'http:') || url.username !== '' || url.password !== '') return null;
  return { origin: url.origin, path: url.pathname.replace(/\/+$/, ''), search: url.searchParams };
}
