// Port: buckets, to be emptied, looked into and used for a kept backup.
import type { Tags } from '#aws/tags.ts';

export interface StoredObject {
  key: string;
  sizeBytes: number;
  modifiedAt: Date;
}

export interface BucketPort {
  exists(bucket: string): Promise<boolean>;
  tags(bucket: string): Promise<Tags>;
  /** Removes up to about 1,000 versions, delete markers and unfinished uploads; answers how many. 0 = the bucket is empty, or is not there. */
  removeSome(bucket: string): Promise<number>;
  /** Up to `limit` objects under a prefix, in key order. */
  list(bucket: string, prefix: string, limit: number): Promise<StoredObject[]>;
  /** Distinct first path parts, up to `limit`. */
  prefixes(bucket: string, limit: number): Promise<string[]>;
  /** A private, encrypted bucket; fine when it is there and is ours. */
  create(bucket: string, tags: Tags): Promise<void>;
  put(bucket: string, key: string, body: Uint8Array): Promise<void>;
  /** Null when there is no such object. */
  get(bucket: string, key: string): Promise<Uint8Array | null>;
}
