// A bucket of somebody's, by an address and keys that they gave: objects are written into it and nothing else. An object is there whole or not at all.
import { open } from 'node:fs/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { AppError } from '#lib/errors.ts';
import { fetchHandler, type GuardedFetch } from './fetch-handler.ts';

export interface BucketOptions {
  readonly bucket: string;
  readonly region: string;
  /** Null = AWS. */
  readonly endpoint: string | null;
  readonly pathStyle: boolean;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** Every connection goes through it. */
  readonly fetch: GuardedFetch;
  /** Longest wait for the answer to one request; default 120 s. */
  readonly timeoutMs?: number;
  /** Bytes of a part of a large object, which are held in memory; default and least of the protocol but for the last part: 8 MiB. */
  readonly partBytes?: number;
}

export interface Bucket {
  /** Writes a small object and takes it away again, where that is allowed. @throws as `putFile`. */
  check(key: string): Promise<void>;
  /** Writes a finished file as one object; an object that was there is replaced. @throws AppError 422 `bucket_refused` when the store says no, 503 `bucket_away` when it does not answer, what the guard throws. */
  putFile(key: string, path: string, options: { contentType: string; signal: AbortSignal }): Promise<void>;
  close(): void;
}

const TIMEOUT_MS = 120_000;
const PART_BYTES = 8 << 20;
const MAX_ATTEMPTS = 3;
const MAX_PARTS = 10_000;
const LONGEST_MESSAGE = 300;

export function openBucket(options: BucketOptions): Bucket {
  const client = clientOf(options);
  const { bucket, partBytes = PART_BYTES } = options;
  const told = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw explained(error, options);
    }
  };
  return {
    check: (key) =>
      told(async () => {
        await client.send(
          new PutObjectCommand({ Bucket: bucket, Key: key, Body: Buffer.from('A scheduled export may write here.\n'), ContentType: 'text/plain' }),
        );
        await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key })).catch(() => undefined);
      }),
    putFile: (key, path, given) => told(() => putFile({ client, partBytes, place: { Bucket: bucket, Key: key } }, path, given)),
    close: () => client.destroy(),
  };
}

function clientOf({ region, endpoint, pathStyle, credentials, fetch, timeoutMs = TIMEOUT_MS }: BucketOptions): S3Client {
  const client = new S3Client({
    region,
    ...(endpoint === null ? {} : { endpoint }),
    credentials,
    forcePathStyle: pathStyle,
    followRegionRedirects: false,
    maxAttempts: MAX_ATTEMPTS,
    // Stores other than AWS do not all know the newer checksums; TLS and the length protect the body.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: fetchHandler(fetch, timeoutMs),
  });
  // A hash of every part would be worked out on the thread that answers calls.
  client.middlewareStack.add(
    (next) => (call) => {
      const { headers } = call.request as { headers: Record<string, string> };
      headers['x-amz-content-sha256'] = 'UNSIGNED-PAYLOAD';
      return next(call);
    },
    { step: 'build', name: 'unsignedPayload' },
  );
  return client;
}

interface Upload {
  client: S3Client;
  partBytes: number;
  place: { Bucket: string; Key: string };
}

async function putFile(
  { client, partBytes, place }: Upload,
  path: string,
  { contentType, signal }: { contentType: string; signal: AbortSignal },
): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const part = Math.max(partBytes, Math.ceil(size / MAX_PARTS));
    const read = async (at: number): Promise<Buffer> => {
      const bytes = Buffer.alloc(Math.min(part, size - at));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
      if (bytesRead !== bytes.length) throw new AppError(`${path} became shorter while it was read`, { status: 500, code: 'file_changed' });
      return bytes;
    };
    if (size <= part) {
      await client.send(new PutObjectCommand({ ...place, ContentType: contentType, Body: await read(0) }), { abortSignal: signal });
      return;
    }
    await forgetUnfinished(client, place);
    const { UploadId } = await client.send(new CreateMultipartUploadCommand({ ...place, ContentType: contentType }), { abortSignal: signal });
    try {
      const parts: { ETag: string | undefined; PartNumber: number }[] = [];
      for (let at = 0; at < size; at += part) {
        const number = parts.length + 1;
        const { ETag } = await client.send(new UploadPartCommand({ ...place, UploadId, PartNumber: number, Body: await read(at) }), { abortSignal: signal });
        parts.push({ ETag, PartNumber: number });
      }
      await client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: parts } }), { abortSignal: signal });
    } catch (error) {
      await client.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => undefined);
      throw error;
    }
  } finally {
    await file.close();
  }
}

/** Parts that a killed process left are seen by nobody and paid for; where they may not be listed, the bucket's own rule has to clear them. */
async function forgetUnfinished(client: S3Client, { Bucket, Key }: Upload['place']): Promise<void> {
  try {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket, Prefix: Key }));
    for (const upload of Uploads) if (upload.Key === Key) await client.send(new AbortMultipartUploadCommand({ Bucket, Key, UploadId: upload.UploadId }));
  } catch {
    // Whether this may be done decides nothing.
  }
}

/** The store's own words, as far as they may be shown. */
function explained(error: unknown, { bucket, credentials }: BucketOptions): unknown {
  if (error instanceof AppError) return error;
  const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode;
  if (name === 'AbortError') return error;
  const words = message
    .replaceAll(credentials.secretAccessKey, '***')
    .replace(/\p{Cc}+/gu, ' ')
    .slice(0, LONGEST_MESSAGE);
  if (status !== undefined && status >= 300 && status < 500 && status !== 429 && status !== 408)
    return new AppError(`The bucket ${bucket} refused (${status} ${name}): ${words}`, { status: 422, code: 'bucket_refused', cause: error });
  return new AppError(`The store of the bucket ${bucket} does not answer (${status === undefined ? '' : `${status} `}${name}): ${words}`, {
    status: 503,
    code: 'bucket_away',
    retryAfterSeconds: 30,
    cause: error,
  });
}
