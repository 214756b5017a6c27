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
  /** Uploads a file of any size, in parts. A failure leaves no object. */
  putFile(bucket: string, key: string, path: string): Promise<void>;
  /** Downloads into a file; false when there is no such object. */
  getFile(bucket: string, key: string, path: string): Promise<boolean>;
}
