// What the engine says of itself, among the metrics of the front: lag, dead letters, stored observations, what retention removed and what sampling left out.
import type { Metrics } from '#telemetry/metrics.ts';
import type { EngineAnswer } from './engine.ts';
import type { EngineLink } from './engine-link.ts';

/** Older answers are not shown: a scrape would take them for news. */
const EVERY_MS = 10_000;

/** Registers the gauges and asks the engine again and again. Returns how to stop. */
export function watchEngine(metrics: Metrics, engine: Pick<EngineLink, 'status'>): () => void {
  let latest: EngineAnswer | null = null;
  const gauge = (name: string, help: string, read: (answer: EngineAnswer) => number | null | undefined): (() => void) => {
    const registered = metrics.gauge({ name, help });
    return () => {
      const value = latest === null ? null : read(latest);
      if (value !== null && value !== undefined) registered.set(value);
    };
  };
  const reads = [
    gauge('genai_engine_lag_records', 'Journal records that are not stored yet', (answer) => answer.lagRecords),
    gauge('genai_engine_lag_ms', 'Age of the oldest journal record that is not stored yet', (answer) => answer.lagMs),
    gauge('genai_engine_dead_letters', 'Events and rows set aside since the engine started', (answer) => answer.deadLetters),
    gauge('genai_engine_memory_bytes', 'Resident memory of the engine', (answer) => answer.rssBytes),
    gauge('genai_engine_observations', 'Stored observations, versions not yet merged included', (answer) => answer.observations),
    gauge('genai_retention_runs', 'Runs of retention since the engine started', (answer) => answer.retention?.runs),
    gauge('genai_retention_failures', 'Runs of retention that did not end', (answer) => answer.retention?.failures),
    gauge('genai_retention_last_run_seconds', 'When retention last went through, in seconds since 1970', (answer) => seconds(answer.retention?.lastRunAtMs)),
    gauge('genai_retention_partitions_dropped', 'Partitions whose age had come, since the engine started', (answer) => answer.retention?.partitions),
    gauge('genai_retention_rows_removed', 'Stored rows whose age had come, since the engine started', (answer) => answer.retention?.rows),
    gauge('genai_retention_archived_records_removed', 'Archived journal records whose age had come', (answer) => answer.retention?.archivedRecords),
    gauge('genai_retention_archived_bytes_removed', 'Bytes of those', (answer) => answer.retention?.archivedBytes),
    gauge('genai_retention_media_removed', 'Media whose last trace was gone', (answer) => answer.retention?.media),
    gauge('genai_sampling_left_out_traces', 'Traces that a sampling rule did not keep, since the engine started', (answer) => answer.sampling?.traces),
    gauge('genai_sampling_left_out_observations', 'Observations of those', (answer) => answer.sampling?.observations),
    gauge('genai_sampling_left_out_bytes', 'Bytes of those before compression', (answer) => answer.sampling?.bytes),
    gauge('genai_sampling_late_rows', 'Rows that came after their trace was left out', (answer) => answer.sampling?.late),
    gauge('genai_sampling_failures', 'Looks at waiting traces that did not end', (answer) => answer.sampling?.failures),
  ];
  metrics.onCollect(() => {
    for (const read of reads) read();
  });
  const ask = async (): Promise<void> => {
    latest = await engine.status();
  };
  const timer = setInterval(() => void ask(), EVERY_MS).unref();
  void ask();
  return () => clearInterval(timer);
}

const seconds = (ms: number | undefined): number | undefined => (ms === undefined ? undefined : Math.floor(ms / 1000));
