// Traces with their observations, oldest first, as the events that an SDK would have sent.
import { Batches, eventOf, type IngestEvent } from './batches.ts';
import { type CopyRun, countOf, refuse } from './run.ts';
import { pick } from './same.ts';

type Fields = Record<string, unknown>;
interface Observation extends Fields {
  id: string;
  type: string;
  startTime: string;
}
interface Trace extends Fields {
  id: string;
  timestamp: string;
  observations: Observation[];
}

const TRACE_FIELDS = ['id', 'timestamp', 'name', 'userId', 'sessionId', 'input', 'output', 'metadata', 'release', 'version', 'environment', 'tags', 'public'];
const OBSERVATION_FIELDS = [
  ...['id', 'traceId', 'parentObservationId', 'name', 'startTime', 'endTime', 'completionStartTime', 'input', 'output', 'metadata', 'level', 'statusMessage'],
  ...['version', 'environment', 'model', 'modelParameters', 'promptName', 'promptVersion'],
];

export async function copyTraces(run: CopyRun): Promise<void> {
  const [traces, observations] = [countOf(run, 'trace'), countOf(run, 'observation')];
  const batches = new Batches(run.target, (event, reason) =>
    refuse(run, event.type === 'trace-create' ? 'trace' : 'observation', String(event.body.id), reason),
  );
  const from = run.state.tracesUntil ?? run.range.from;
  const range = `${from === null ? '' : `&fromTimestamp=${encodeURIComponent(from)}`}&toTimestamp=${encodeURIComponent(run.range.to)}`;
  for await (const { data, total } of run.source.pages<{ id: string; timestamp: string }>(`/traces?orderBy=timestamp.asc&fields=core${range}`)) {
    for (const { id } of data) {
      traces.read += 1;
      if (run.apply) observations.read += await copyTrace(run, batches, id);
      else traces.new += 1;
    }
    await batches.flush();
    const last = data.at(-1);
    if (run.apply && last !== undefined) run.state.save(last.timestamp);
    run.onProgress('trace', traces.read, total);
  }
}

/** How many observations it has. */
async function copyTrace(run: CopyRun, batches: Batches, id: string): Promise<number> {
  const trace = await run.source.get<Trace>(`/traces/${encodeURIComponent(id)}`);
  if (trace === null) return 0;
  await batches.add(eventOf('trace-create', trace.timestamp, pick(trace, TRACE_FIELDS)));
  for (const observation of trace.observations) await batches.add(observationEvent(observation));
  countOf(run, 'trace').new += 1;
  countOf(run, 'observation').new += trace.observations.length;
  if (JSON.stringify(trace).includes('@@@langfuseMedia:')) run.findings.push({ kind: 'trace', name: id, reason: 'media' });
  return trace.observations.length;
}

function observationEvent(observation: Observation): IngestEvent {
  const body = { ...pick(observation, OBSERVATION_FIELDS), ...counted(observation, 'usageDetails'), ...counted(observation, 'costDetails') };
  return eventOf(`${observation.type.toLowerCase()}-create`, observation.startTime, body);
}

function counted(observation: Observation, name: 'usageDetails' | 'costDetails'): Fields {
  const details = observation[name];
  return typeof details === 'object' && details !== null && Object.keys(details).length > 0 ? { [name]: details } : {};
}
