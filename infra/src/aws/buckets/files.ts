// Files of any size to and from S3: one part at a time, so that memory holds one part.
import { createWriteStream } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  GetObjectCommand,
  PutObjectCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import { answerOf, unlessMissing } from '#aws/error.ts';

const PART_BYTES = 64 * 1024 * 1024;

interface Place {
  Bucket: string;
  Key: string;
}

/** @throws CloudError; then no object and no unfinished upload is left */
export async function putFile(client: S3Client, place: Place, path: string, partBytes = PART_BYTES): Promise<void> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    if (size <= partBytes) await answerOf(client.send(new PutObjectCommand({ ...place, Body: await pieceOf(file, 0, size) })));
    else await putParts(client, place, { file, size, partBytes });
  } finally {
    await file.close();
  }
}

async function putParts(client: S3Client, place: Place, from: { file: FileHandle; size: number; partBytes: number }): Promise<void> {
  const { file, size, partBytes } = from;
  const { UploadId } = await answerOf(client.send(new CreateMultipartUploadCommand(place)));
  try {
    const Parts: { PartNumber: number; ETag: string | undefined }[] = [];
    for (let at = 0; at < size; at += partBytes) {
      const PartNumber = Parts.length + 1;
      const Body = await pieceOf(file, at, Math.min(partBytes, size - at));
      const { ETag } = await answerOf(client.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body })));
      Parts.push({ PartNumber, ETag });
    }
    await answerOf(client.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts } })));
  } catch (error) {
    await unlessMissing(client.send(new AbortMultipartUploadCommand({ ...place, UploadId })), null).catch(() => null);
    throw error;
  }
}

async function pieceOf(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const piece = Buffer.alloc(length);
  let done = 0;
  for (let some = -1; some !== 0 && done < length; done += some) some = (await file.read(piece, done, length - done, at + done)).bytesRead;
  return piece.subarray(0, done);
}

/** False when there is no such object. @throws CloudError */
export async function getFile(client: S3Client, place: Place, path: string): Promise<boolean> {
  const answer = await unlessMissing(client.send(new GetObjectCommand(place)), null);
  if (answer?.Body === undefined) return false;
  await pipeline(answer.Body as Readable, createWriteStream(path, { mode: 0o600 }));
  return true;
}
