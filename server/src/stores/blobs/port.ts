// Port: blobs. Objects under '/'-separated keys.

export interface Blobs {
  /** Writes the whole object; readers see the old or the new one, never a part. `ifAbsent` fails with AppError 412 when the key exists. */
  put(key: string, body: Uint8Array, options?: { ifAbsent?: boolean; contentType?: string }): Promise<void>;
  /** The same from a finished file that is not written to any more; costs no copy where the store can avoid one. */
  putFile(key: string, path: string): Promise<void>;
  /** The object, or null when there is none. */
  get(key: string): Promise<Uint8Array | null>;
  /** Keys under a prefix in ascending order, with their size and time. */
  list(prefix: string, options?: { after?: string; limit?: number }): Promise<{ key: string; sizeBytes: number; modifiedAt: Date }[]>;
  /** Removes the object; removing an absent one is not an error. */
  remove(key: string): Promise<void>;
  /** An address by which anybody can read the object for so long; null where the store has none and the platform must serve it. */
  downloadUrl(key: string, validForSeconds: number): Promise<string | null>;
  close(): Promise<void>;
}
