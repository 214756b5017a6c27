// Which part of a range roll-ups may answer for a project, and which part is read row by row.
import type { Analytics } from '#stores/analytics/port.ts';
import { instant, sql, text } from '#stores/analytics/sql.ts';
import { EVERY_PROJECT, type Mark } from './marks.ts';
import { BUCKET_MS, ceilTo, floorTo, type Span } from './times.ts';

export interface Coverage {
  /** Settled and clean; whole buckets. */
  rolled: readonly Span[];
  /** Everything else of the range. */
  raw: readonly Span[];
  /** Only these versions of roll-ups' rows count; each names one unit. */
  versions: readonly number[];
}

/** More places to read row by row are read with what lies between the closest of them. */
const MOST_RAW_SPANS = 40;
const MOST_VERSIONS = 10_000;
/** Shorter settled stretches are not worth another table. */
const LEAST_ROLLED_MS = 6 * 3_600_000;

interface MarkRow {
  begins: string;
  ends: string;
  is_clean: number;
  version: string;
}

/** Asks for the marks of a range. null = everything is read row by row. */
export async function coverageOf(analytics: Pick<Analytics, 'query'>, projectId: string, range: Span): Promise<Coverage | null> {
  if (range.endMs - range.beginMs < LEAST_ROLLED_MS) return null;
  const rows = await analytics.query<MarkRow>(sql`SELECT begins, ends, is_clean, max(version) AS version FROM rollup_marks
    WHERE project_id IN (${text(EVERY_PROJECT)}, ${text(projectId)}) AND begins < ${instant(new Date(range.endMs))} AND ends > ${instant(new Date(range.beginMs))}
    GROUP BY project_id, begins, ends, is_clean`);
  const marks = rows.map((row) => ({
    beginMs: Date.parse(row.begins),
    endMs: Date.parse(row.ends),
    isClean: Number(row.is_clean) === 1,
    version: Number(row.version),
  }));
  return covered(marks, range);
}

/** What the marks of one project, and of every project, leave of a range. */
export function covered(marks: readonly Omit<Mark, 'projectId'>[], range: Span): Coverage | null {
  const [firstMs, endMs] = [ceilTo(range.beginMs, BUCKET_MS), floorTo(range.endMs, BUCKET_MS)];
  const count = Math.floor((endMs - firstMs) / BUCKET_MS);
  if (count <= 0 || !marks.some(({ isClean }) => isClean)) return null;
  const versions = trusted(marks, firstMs, count);
  const runs: Span[] = [];
  for (let index = 0; index < count; index += 1) {
    if (versions[index] === 0) continue;
    const last = runs.at(-1);
    const beginMs = firstMs + index * BUCKET_MS;
    if (last?.endMs === beginMs) last.endMs = beginMs + BUCKET_MS;
    else runs.push({ beginMs, endMs: beginMs + BUCKET_MS });
  }
  const raw = fewer(between(runs, range));
  const rolled = between(raw, range);
  if (rolled.reduce((sumMs, span) => sumMs + span.endMs - span.beginMs, 0) < LEAST_ROLLED_MS) return null;
  const used = new Set(versions);
  used.delete(0);
  return used.size > MOST_VERSIONS ? null : { rolled, raw, versions: [...used] };
}

/** The version that counts for each bucket; 0 = none. */
export function trusted(marks: readonly Omit<Mark, 'projectId'>[], firstMs: number, count: number): Float64Array {
  const [clean, dirty] = [new Float64Array(count), new Float64Array(count)];
  for (const { beginMs, endMs, isClean, version } of marks) {
    const newest = isClean ? clean : dirty;
    // A clean mark counts for buckets that it covers, a dirty one for all that it touches.
    const from = Math.max(0, (isClean ? Math.ceil : Math.floor)((beginMs - firstMs) / BUCKET_MS));
    const to = Math.min(count, (isClean ? Math.floor : Math.ceil)((endMs - firstMs) / BUCKET_MS));
    for (let index = from; index < to; index += 1) if (version > (newest[index] as number)) newest[index] = version;
  }
  for (let index = 0; index < count; index += 1) if ((dirty[index] as number) >= (clean[index] as number)) clean[index] = 0;
  return clean;
}

/** What lies between ordered spans, within a range. */
function between(spans: readonly Span[], { beginMs, endMs }: Span): Span[] {
  const result: Span[] = [];
  let fromMs = beginMs;
  for (const span of spans) {
    if (span.beginMs > fromMs) result.push({ beginMs: fromMs, endMs: span.beginMs });
    fromMs = span.endMs;
  }
  if (fromMs < endMs) result.push({ beginMs: fromMs, endMs });
  return result;
}

/** The same places in no more spans than a statement may name. */
function fewer(spans: readonly Span[]): Span[] {
  if (spans.length <= MOST_RAW_SPANS) return [...spans];
  const gaps = spans.slice(1).map((span, index) => span.beginMs - (spans[index] as Span).endMs);
  const widest = new Set([...gaps.keys()].sort((one, other) => (gaps[other] as number) - (gaps[one] as number)).slice(0, MOST_RAW_SPANS - 1));
  const result: Span[] = [{ ...(spans[0] as Span) }];
  spans.slice(1).forEach((span, index) => {
    if (widest.has(index)) result.push({ ...span });
    else (result.at(-1) as Span).endMs = span.endMs;
  });
  return result;
}
