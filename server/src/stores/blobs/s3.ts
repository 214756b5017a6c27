// Blobs on S3 or whatever speaks its API: AWS's credential chain, one prefix of one bucket, conditional writes, signed addresses.
import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadBucketCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandOutput,
  PutObjectCommand,
  S3Client,
  type S3ClientConfig,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { AppError } from '#lib/errors.ts';
import { checkKey } from './keys.ts';
import type { Blobs } from './port.ts';

export interface S3Options {
  readonly bucket: string;
  /** Every key lies under it; '' = the whole bucket. Ends with '/' when not empty. */
  readonly prefix: string;
  /** Null = what AWS_REGION or the profile says. */
  readonly region: string | null;
  /** Null = AWS. */
  readonly endpoint: string | null;
  /** Host of signed addresses when browsers reach the store by another one; null = `endpoint`. */
  readonly publicEndpoint: string | null;
  /** https://host/bucket/key instead of https://bucket.host/key: what most stores other than AWS need. */
  readonly pathStyle: boolean;
  /** For tests; else AWS's chain: environment, profile, container, instance. */
  readonly credentials?: S3ClientConfig['credentials'];
  /** Longest wait for an answer of the store. */
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;
const CONNECT_TIMEOUT_MS = 2_000;
const MAX_ATTEMPTS = 3;
const PAGE = 1_000;

/** Opens a bucket that exists. @throws AppError when it does not, or may not be used. */
export async function openS3Blobs(options: S3Options): Promise<Blobs> {
  const client = clientOf(options, options.endpoint);
  const signer = options.publicEndpoint === null ? client : clientOf(options, options.publicEndpoint);
  const blobs = new S3Blobs(options, client, signer);
  try {
    await blobs.check();
    return blobs;
  } catch (error) {
    await blobs.close();
    throw error;
  }
}

function clientOf(options: S3Options, endpoint: string | null): S3Client {
  return new S3Client({
    ...(options.region === null ? {} : { region: options.region }),
    ...(endpoint === null ? {} : { endpoint }),
    ...(options.credentials === undefined ? {} : { credentials: options.credentials }),
    forcePathStyle: options.pathStyle,
    followRegionRedirects: endpoint === null,
    maxAttempts: MAX_ATTEMPTS,
    // Stores other than AWS do not all know the newer checksums; TLS and the length protect the body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { requestTimeout: options.timeoutMs ?? TIMEOUT_MS, connectionTimeout: CONNECT_TIMEOUT_MS, throwOnRequestTimeout: true },
  });
}

class S3Blobs implements Blobs {
  readonly #options: S3Options;
  readonly #client: S3Client;
  readonly #signer: S3Client;

  constructor(options: S3Options, client: S3Client, signer: S3Client) {
    this.#options = options;
    this.#client = client;
    this.#signer = signer;
  }

  async check(): Promise<void> {
    await this.#ask(this.#client.send(new HeadBucketCommand({ Bucket: this.#options.bucket })));
  }

  async put(key: string, body: Uint8Array, { ifAbsent = false, contentType }: { ifAbsent?: boolean; contentType?: string } = {}): Promise<void> {
    const place = this.#place(key);
    const condition = ifAbsent ? { IfNoneMatch: '*' } : {};
    const type = contentType === undefined ? {} : { ContentType: contentType };
    try {
      await this.#client.send(new PutObjectCommand({ ...place, ...condition, ...type, Body: body }));
    } catch (error) {
      if (ifAbsent && statusOf(error) === 412) throw new AppError(`the blob ${key} exists already`, { status: 412, code: 'blob_exists' });
      throw this.#explained(error);
    }
  }

  async putFile(key: string, path: string): Promise<void> {
    const place = this.#place(key);
    const { size } = await stat(path);
    // A stream can be read once, so it is tried again from here.
    for (let attempt = 1; ; attempt++) {
      try {
        await this.#client.send(new PutObjectCommand({ ...place, Body: createReadStream(path), ContentLength: size }));
        return;
      } catch (error) {
        if (attempt === MAX_ATTEMPTS || !isPassing(error)) throw this.#explained(error);
      }
    }
  }

  async get(key: string): Promise<Uint8Array | null> {
    const place = this.#place(key);
    try {
      const answer = await this.#client.send(new GetObjectCommand(place));
      return (await answer.Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (error) {
      if (statusOf(error) === 404 && (error as Error).name !== 'NoSuchBucket') return null;
      throw this.#explained(error);
    }
  }

  async list(
    prefix: string,
    { after, limit = PAGE }: { after?: string; limit?: number } = {},
  ): Promise<{ key: string; sizeBytes: number; modifiedAt: Date }[]> {
    const { bucket, prefix: root } = this.#options;
    const found: { key: string; sizeBytes: number; modifiedAt: Date }[] = [];
    let next: string | undefined;
    do {
      const asked = new ListObjectsV2Command({
        Bucket: bucket,
        Prefix: root + prefix,
        MaxKeys: Math.min(PAGE, limit - found.length),
        ...(next === undefined ? {} : { ContinuationToken: next }),
        ...(after === undefined || next !== undefined ? {} : { StartAfter: root + after }),
      });
      const page: ListObjectsV2CommandOutput = await this.#ask(this.#client.send(asked));
      for (const { Key = '', Size = 0, LastModified } of page.Contents ?? [])
        found.push({ key: Key.slice(root.length), sizeBytes: Size, modifiedAt: LastModified ?? new Date(0) });
      next = page.IsTruncated ? page.NextContinuationToken : undefined;
    } while (next !== undefined && found.length < limit);
    return found;
  }

  async remove(key: string): Promise<void> {
    await this.#ask(this.#client.send(new DeleteObjectCommand(this.#place(key))));
  }

  async downloadUrl(key: string, validForSeconds: number): Promise<string> {
    return await this.#ask(getSignedUrl(this.#signer, new GetObjectCommand(this.#place(key)), { expiresIn: validForSeconds }));
  }

  async close(): Promise<void> {
    this.#client.destroy();
    this.#signer.destroy();
  }

  #place(key: string): { Bucket: string; Key: string } {
    checkKey(key);
    return { Bucket: this.#options.bucket, Key: this.#options.prefix + key };
  }

  async #ask<Result>(work: Promise<Result>): Promise<Result> {
    try {
      return await work;
    } catch (error) {
      throw this.#explained(error);
    }
  }

  /** The store's error in the port's words; what it says of itself stays in `cause`. */
  #explained(error: unknown): unknown {
    if (error instanceof AppError) return error;
    const { bucket } = this.#options;
    const status = statusOf(error);
    const { name } = error as Error;
    if (status === 404) return refused(`the bucket ${bucket} does not exist: create it, or correct --blobs-url`, error);
    if (status === 401 || status === 403 || name === 'CredentialsProviderError') {
      return refused(
        `the bucket ${bucket} may not be used with these credentials (${name}): allow s3:ListBucket, GetObject, PutObject and DeleteObject`,
        error,
      );
    }
    if (status === 301 || name === 'PermanentRedirect') return refused(`the bucket ${bucket} lies in another region: set --s3-region`, error);
    return new AppError(`The blob store does not answer (${name}). Try again in a few seconds.`, {
      status: 503,
      code: 'blobs_away',
      retryAfterSeconds: 2,
      cause: error,
    });
  }
}

function refused(message: string, cause: unknown): AppError {
  return new AppError(message, { status: 503, code: 'blobs_refused', retryAfterSeconds: 30, cause });
}

function statusOf(error: unknown): number | undefined {
  return (error as { $metadata?: { httpStatusCode?: number } }).$metadata?.httpStatusCode;
}

/** Whether the same request may succeed a moment later. */
function isPassing(error: unknown): boolean {
  const status = statusOf(error);
  return status === undefined || status >= 500 || status === 429;
}
