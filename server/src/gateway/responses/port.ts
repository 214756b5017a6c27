// Port: responses that outlive their call. Each belongs to one owner, and nobody else can tell that it exists.

export interface StoredResponse {
  readonly id: string;
  /** `team:<id>`, `key:<id>` or `master`. */
  readonly owner: string;
  readonly previousId: string | null;
  readonly deploymentId: string;
  /** JSON texts of the turn's input items and of the whole response; null = the deployment's upstream keeps them. */
  readonly content: { readonly input: string; readonly response: string } | null;
}

/** What to keep, and until when. */
export interface NewResponse extends StoredResponse {
  readonly expiresAtMs: number;
}

export interface ResponseStore {
  /** Keeps a response; the earlier turns of its conversation live at least as long. An id that exists stays with its owner. @throws AppError 503 when the records are away. */
  keep(response: NewResponse): Promise<void>;
  /** The owner's response, or null. */
  find(id: string, owner: string): Promise<StoredResponse | null>;
  /**
   * The turns up to this response, oldest first; null when it, or an earlier one, is not there any more.
   * @throws AppError 400 when they are more or larger than a conversation may be.
   */
  conversation(id: string, owner: string, maxBytes: number): Promise<readonly StoredResponse[] | null>;
  /** Removes it; false when the owner has none of that id. */
  remove(id: string, owner: string): Promise<boolean>;
}

/** Most turns of one conversation. */
export const MOST_TURNS = 1_000;
