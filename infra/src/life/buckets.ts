// Empties buckets to the last version and unfinished upload.
import type { LifeContext } from './context.ts';

/** About 1,000 objects a step: a bound for a bucket that somebody keeps writing to. */
const MAX_STEPS = 20_000;

/** Answers how many versions, markers and uploads were removed. */
export async function emptyBucket(context: LifeContext, bucket: string, tell: (detail: string) => void): Promise<number> {
  let removed = 0;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    const some = await context.cloud.buckets.removeSome(bucket);
    if (some === 0) break;
    removed += some;
    tell(`${bucket}: ${removed}`);
  }
  return removed;
}
