// The hours of the process that stores events: what has outlived its age leaves the tables, the archive and the media, and what was removed is counted.
import { readPolicies } from '#observe/retention/directory.ts';
import { type RetentionPolicy, shortestDays } from '#observe/retention/policy.ts';
import { sweepRows } from '#observe/retention/sweep.ts';
import type { Analytics } from '#stores/analytics/port.ts';
import type { JournalRecord } from '#stores/journal/port.ts';
import { type ArchiveDependencies, archivesOf, indexArchives, rewriteArchives } from './archive.ts';
import { removeOrphanedMedia } from './media-left.ts';

export interface HousekeepingDependencies extends ArchiveDependencies {
  analytics: Analytics;
  onError: (error: unknown) => void;
}

/** What retention did since the start of this process. */
export interface RetentionCounts {
  runs: number;
  failures: number;
  partitions: number;
  /** Stored versions of rows. */
  rows: number;
  archivedRecords: number;
  archivedBytes: number;
  media: number;
  mediaBytes: number;
  /** Milliseconds since 1970 of the last run that went through; 0 = none yet. */
  lastRunAtMs: number;
}

export const NO_RETENTION_YET: RetentionCounts = {
  runs: 0,
  failures: 0,
  partitions: 0,
  rows: 0,
  archivedRecords: 0,
  archivedBytes: 0,
  media: 0,
  mediaBytes: 0,
  lastRunAtMs: 0,
};

const DAY_MS = 86_400_000;

export interface Housekeeping {
  /** One run of retention as of an instant. Never rejects: a failure is told, counted, and tried again with the next run. */
  retain(nowMs: number): Promise<void>;
  counts(): RetentionCounts;
}

export function createHousekeeping(dependencies: HousekeepingDependencies): Housekeeping {
  const counts = { ...NO_RETENTION_YET };
  const run = async (nowMs: number): Promise<void> => {
    const policies = await readPolicies(dependencies.records);
    const swept = await sweepRows(dependencies.analytics, policies, nowMs);
    counts.partitions += swept.partitions;
    counts.rows += swept.rows;
    await indexArchives(dependencies);
    for (const [projectId, policy] of policies) await followRows(dependencies, counts, { projectId, policy, nowMs });
    counts.lastRunAtMs = nowMs;
  };
  return {
    counts: () => ({ ...counts }),
    async retain(nowMs) {
      counts.runs += 1;
      try {
        await run(nowMs);
      } catch (error) {
        counts.failures += 1;
        dependencies.onError(error);
      }
    },
  };
}

/** A copy of what was received goes by the shortest age of its project, media when the last trace that shows them is gone. */
async function followRows(
  dependencies: HousekeepingDependencies,
  counts: RetentionCounts,
  { projectId, policy, nowMs }: { projectId: string; policy: RetentionPolicy; nowMs: number },
): Promise<void> {
  const days = shortestDays(policy);
  if (days === null) return;
  const beforeMs = nowMs - days * DAY_MS;
  const ofProject = ({ project }: JournalRecord): boolean => project === projectId;
  const rewritten = await rewriteArchives(dependencies, await archivesOf(dependencies.records, projectId, beforeMs), ofProject);
  counts.archivedRecords += rewritten.records;
  counts.archivedBytes += rewritten.bytes;
  const removed = await removeOrphanedMedia(dependencies, projectId, beforeMs);
  counts.media += removed.media;
  counts.mediaBytes += removed.bytes;
}
