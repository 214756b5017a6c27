// Which paths are those of files and batches: OpenAI's, the same without a version, as Azure's SDKs call them, and LiteLLM's `/{provider}/v1/…`.

export interface FilePath {
  readonly kind: 'file';
  /** Only deployments of this provider; null = any. */
  readonly provider: string | null;
  readonly id: string | null;
  readonly part: 'content' | null;
}

export interface BatchPath {
  readonly kind: 'batch';
  readonly provider: string | null;
  readonly id: string | null;
  readonly part: 'cancel' | null;
}

/** Beginnings that name a provider: those that keep files in OpenAI's form. */
const PROVIDERS = ['azure', 'groq', 'litellm_proxy'];
/** Before `/files` and `/batches`. */
export const BATCH_PREFIXES: readonly (readonly [string, string | null])[] = [
  ['/v1', null],
  ['', null],
  ['/openai/v1', null],
  ['/openai', null],
  ...PROVIDERS.map((name) => [`/${name}/v1`, name] as const),
];
const FORM = /^(.*)\/(files|batches)(?:\/([^/]+))?(?:\/([^/]+))?$/;

/** What a path asks of files and batches; null = another path. */
export function matchBatches(path: string): FilePath | BatchPath | null {
  const [, prefix, what, id = null, part = null] = FORM.exec(path) ?? [];
  const found = BATCH_PREFIXES.find(([known]) => known === prefix);
  if (found === undefined) return null;
  const provider = found[1];
  if (what === 'files' && (part === null || part === 'content')) return { kind: 'file', provider, id, part };
  return what === 'batches' && (part === null || part === 'cancel') ? { kind: 'batch', provider, id, part } : null;
}

/** Methods that such a path takes. */
export function batchMethods({ kind, id, part }: FilePath | BatchPath): readonly string[] {
  if (id === null) return ['GET', 'POST'];
  if (part !== null) return kind === 'file' ? ['GET'] : ['POST'];
  return kind === 'file' ? ['GET', 'DELETE'] : ['GET'];
}
