// What the ingestion routes share: who it is, how much is read, which SDK it was.
import type { Context } from 'hono';
import { readBody } from '#http/body.ts';
import type { Principal } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import type { ScoreCheck } from '#observe/score-configs/check.ts';
import type { JournalAppender } from '#stores/journal/port.ts';
import type { Mask } from './accept.ts';
import type { IngestHeader } from './header.ts';

/** Largest body after decompression. Langfuse documents 4.5 MB; larger batches are accepted. */
export const MAX_INGEST_BYTES = 32 << 20;

/** One accepted or refused request, for metrics. */
export interface IngestCount {
  protocol: 'batch' | 'otlp' | 'otlp-metrics' | 'otlp-logs' | 'score';
  accepted: number;
  refused: number;
  bytes: number;
}

export interface DoorDependencies {
  journal: JournalAppender;
  mask: Mask;
  scoreProblems: ScoreCheck;
  /** Microseconds since 1970. */
  nowUs: () => number;
  count: (event: IngestCount) => void;
}

export interface IngestDependencies {
  journal: JournalAppender;
  /** A project's masking between acceptance and append; absent = bodies are kept as received. */
  mask?: Mask;
  /** Why scores that name a config do not fit it; absent = none is refused. */
  scoreProblems?: ScoreCheck;
  /** Called once a request that was answered: where metrics and logs come from. */
  count?: (event: IngestCount) => void;
  /** Microseconds since 1970; absent = the clock. */
  nowUs?: () => number;
}

/** The dependencies with their defaults. */
export function doorOf(dependencies: IngestDependencies): DoorDependencies {
  return {
    journal: dependencies.journal,
    mask: dependencies.mask ?? ((_, body) => body),
    scoreProblems: dependencies.scoreProblems ?? (async (_, scores) => scores.map(() => null)),
    nowUs: dependencies.nowUs ?? (() => Date.now() * 1000),
    count: dependencies.count ?? (() => {}),
  };
}

/** The project of a credential. @throws AppError 401 for anything but a project's keys. */
export function projectOf(principal: Principal): { projectId: string; scoresOnly: boolean } {
  if (principal.kind === 'project-key') return { projectId: principal.projectId, scoresOnly: principal.scope === 'scores' };
  throw new AppError("Invalid credentials. Confirm that you've configured the correct host.", { status: 401, code: 'UnauthorizedError' });
}

/** The body, decompressed and bounded. @throws AppError 400, 413, 415. */
export async function readIngestBody(http: Context): Promise<Buffer> {
  return await readBody(http, MAX_INGEST_BYTES);
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 100) : '');

/** Which SDK speaks: by headers (dashes or underscores), else by the batch's own metadata. */
export function sdkOf(http: Context, metadata: Record<string, unknown> = {}): IngestHeader['sdk'] {
  const header = (name: string): string | undefined => http.req.header(`x-langfuse-sdk-${name}`) ?? http.req.header(`x_langfuse_sdk_${name}`);
  return {
    name: text(header('name') ?? metadata.sdk_name),
    version: text(header('version') ?? metadata.sdk_version),
    integration: text(metadata.sdk_integration),
  };
}

/** A 400 with a body of its own shape. */
export function badRequest(body: object): Response {
  return Response.json(body, { status: 400 });
}
