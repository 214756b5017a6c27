// When quiet traces are judged: as soon as the first is due, in the process that stores events. Without a rule, and while nothing waits, it asks nothing of any store.
import type { LateTrace } from '#observe/deletion/deleted-traces.ts';
import type { Writer } from '#observe/store/writer.ts';
import { sql } from '#stores/records/sql.ts';
import { openSamplingDirectory, type SamplingDirectory } from './directory.ts';
import { countLeftOut, type LeftOutDay } from './left-out.ts';
import { NO_SAMPLING_YET, resumeSettling, type SamplingCounts, type SettleDependencies, type Storing, settleBatch } from './settle.ts';
import { nextDue, notingWaiting } from './waiting.ts';

export interface SamplerDependencies extends SettleDependencies {
  onError: (error: unknown) => void;
}

export interface Sampler {
  /** The writer of this project's rows, which notes what waits. */
  noting(writer: Writer): Writer;
  /** Rows of traces that were left out came and were left out too. */
  late(traces: readonly LateTrace[]): Promise<void>;
  /** Begins to judge; `storing` is null while another process stores. */
  begin(storing: () => Storing | null): void;
  counts(): SamplingCounts;
  stop(): Promise<void>;
}

/** After a failure, and while another process stores. */
const AGAIN_MS = 5_000;
const SOONEST_MS = 500;
const LONGEST_MS = 60_000;
/** What was left out is remembered so long; then a late event of it would be judged as a trace of its own. */
const REMEMBERED_DAYS = 30;
const FORGET_EVERY_MS = 6 * 3_600_000;

/** Opens the rules. */
export async function openSampler(dependencies: SamplerDependencies): Promise<Sampler> {
  const sampler = new TailSampler(dependencies);
  await sampler.open();
  return sampler;
}

class TailSampler implements Sampler {
  readonly #dependencies: SamplerDependencies;
  readonly #counts = { ...NO_SAMPLING_YET };
  #rules: SamplingDirectory | null = null;
  #storing: (() => Storing | null) | null = null;
  /** The process for which everything that was broken off is ended. */
  #resumedFor: Storing['deleted'] | null = null;
  #forgetAtMs = 0;
  #timer: NodeJS.Timeout | undefined;
  #dueAtMs = Number.POSITIVE_INFINITY;
  #running: Promise<void> | null = null;
  #stopped = false;

  constructor(dependencies: SamplerDependencies) {
    this.#dependencies = dependencies;
  }

  async open(): Promise<void> {
    this.#rules = await openSamplingDirectory(this.#dependencies.records, { onChange: () => this.#wakeIn(0), onError: this.#dependencies.onError });
  }

  noting(writer: Writer): Writer {
    return notingWaiting(
      writer,
      this.#dependencies.records,
      (projectId) => this.#rules?.ruleOf(projectId),
      () => this.#wakeIn(this.#quietestMs()),
    );
  }

  async late(traces: readonly LateTrace[]): Promise<void> {
    const day = new Date().toISOString().slice(0, 10);
    for (const [projectId, members] of Map.groupBy(traces, (trace) => trace.projectId)) {
      const days = members.map(
        ({ observations, scores, errors, bytes }): LeftOutDay => ({ day, reason: 'late', traces: 0, observations, scores, errors, bytes, cost: '0' }),
      );
      await countLeftOut(this.#dependencies.records, projectId, days);
      this.#counts.late += members.reduce((sum, { observations, scores }) => sum + observations + scores, 0);
    }
  }

  begin(storing: () => Storing | null): void {
    this.#storing = storing;
    this.#wakeIn(0);
  }

  counts(): SamplingCounts {
    return { ...this.#counts };
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#rules?.close();
    await this.#running;
  }

  #quietestMs(): number {
    const seconds = (this.#rules?.projects() ?? []).map((projectId) => this.#rules?.ruleOf(projectId)?.quietSeconds ?? 60);
    return Math.min(...seconds, 60) * 1_000;
  }

  /** Looks in so many milliseconds, or earlier when that was meant already. */
  #wakeIn(ms: number): void {
    const atMs = Date.now() + ms;
    if (this.#stopped || this.#storing === null || atMs >= this.#dueAtMs) return;
    this.#dueAtMs = atMs;
    if (this.#running !== null) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#turn(), ms).unref();
  }

  #turn(): void {
    this.#dueAtMs = Number.POSITIVE_INFINITY;
    this.#running = this.#look()
      .catch((error: unknown) => {
        this.#counts.failures += 1;
        // What was broken off is ended by the next look.
        this.#resumedFor = null;
        this.#dependencies.onError(error);
        return AGAIN_MS;
      })
      .then((againMs) => {
        this.#running = null;
        const meantMs = this.#dueAtMs - Date.now();
        this.#dueAtMs = Number.POSITIVE_INFINITY;
        const nextMs = Math.min(againMs ?? Number.POSITIVE_INFINITY, meantMs);
        if (Number.isFinite(nextMs)) this.#wakeIn(Math.max(nextMs, 0));
      });
  }

  /** Returns in how many milliseconds the next look is; null = when something is noted. */
  async #look(): Promise<number | null> {
    const projects = this.#rules?.projects() ?? [];
    const storing = this.#storing?.() ?? null;
    if (storing === null) return projects.length === 0 ? null : AGAIN_MS;
    if (this.#resumedFor !== storing.deleted) {
      await resumeSettling(this.#dependencies, storing);
      this.#resumedFor = storing.deleted;
    }
    if (projects.length === 0) return await nextDue(this.#dependencies.records, projects);
    for (const projectId of projects) await this.#settle(storing, projectId);
    await this.#forget();
    const next = await nextDue(this.#dependencies.records, projects);
    return next === null ? null : Math.min(Math.max(next - Date.now(), SOONEST_MS), LONGEST_MS);
  }

  async #settle(storing: Storing, projectId: string): Promise<void> {
    for (let rule = this.#rules?.ruleOf(projectId); rule !== undefined && !this.#stopped; rule = this.#rules?.ruleOf(projectId)) {
      const left = await settleBatch(this.#dependencies, storing, { projectId, rule });
      if (left === null) return;
      this.#counts.traces += left.traces;
      this.#counts.observations += left.observations;
      this.#counts.bytes += left.bytes;
    }
  }

  async #forget(): Promise<void> {
    if (Date.now() < this.#forgetAtMs) return;
    this.#forgetAtMs = Date.now() + FORGET_EVERY_MS;
    await this.#dependencies.records.query(
      sql`DELETE FROM deleted_traces WHERE sampled_out AND buried_at IS NOT NULL AND deleted_at < now() - make_interval(days => ${REMEMBERED_DAYS})`,
    );
  }
}
