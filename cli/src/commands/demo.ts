// `demo`: realistic traffic through the real doors, so that every page has something to look at.
import { randomBytes } from 'node:crypto';
import { parseArgs } from 'node:util';
import type { Command } from '#command.ts';
import { createCrew } from '#demo/crew.ts';
import { AWAY_MODEL, SCENES, type Stage } from '#demo/scenes.ts';
import { type Doors, doorOptions, readDoors } from '#doors.ts';
import { call } from '#http.ts';
import type { Io } from '#io.ts';
import { at, bearer } from '#verify/check.ts';

const DEFAULT_SCENES = 12;

export const demo: Command = async (context) => {
  const { io } = context;
  const { values } = parseArgs({ args: [...context.argv], options: { ...doorOptions, count: { type: 'string' }, seconds: { type: 'string' } } });
  const doors = await readDoors(context, values);
  if (doors.key === null) {
    io.notify('demo.needs-key');
    return 2;
  }
  const models = await listModels(doors.gatewayUrl, doors.key);
  const usable = models.filter((name) => name !== AWAY_MODEL);
  if (usable.length === 0) {
    io.notify('demo.no-models');
    return 1;
  }
  const project = doors.publicKey !== null && doors.secretKey !== null ? { publicKey: doors.publicKey, secretKey: doors.secretKey } : null;
  if (project === null) io.notify('demo.no-project-keys');
  const crew = (await createCrew(doors.gatewayUrl, doors.key, [...usable, ...models.filter((name) => name === AWAY_MODEL)])).map((member) => ({
    ...member,
    models: member.models.filter((name) => usable.includes(name)),
  }));
  const tally = { calls: 0, failures: 0, traces: 0, scores: 0, problems: new Map<string, number>() };
  const stage: Stage = { gatewayUrl: doors.gatewayUrl, observeUrl: doors.observeUrl, project, crew, models, run: randomBytes(3).toString('hex'), tally };
  const elapsedMs = await play(io, stage, { count: positive(values.count), seconds: positive(values.seconds) });
  report(io, doors, stage, elapsedMs);
  // Failures that a scene wanted are no problem; a door that refused everything is.
  return tally.problems.size === 0 ? 0 : 1;
};

function positive(text: string | undefined): number | null {
  const number = Number(text);
  return text !== undefined && Number.isFinite(number) && number > 0 ? number : null;
}

/** Models that can answer: the offline ones first and, where none is offered, whatever there is. Wildcards name no model. */
async function listModels(gatewayUrl: string, key: string): Promise<string[]> {
  const answer = await call(`${gatewayUrl}/v1/models`, { headers: bearer(key) });
  if (answer.status !== 200) throw new Error(`the models could not be listed: HTTP ${answer.status}`);
  const data = at(answer.json, 'data');
  const names = (Array.isArray(data) ? data : [])
    .map((entry: unknown) => at(entry, 'id'))
    .filter((id) => typeof id === 'string' && !id.includes('*')) as string[];
  // Demo traffic must not cost anything where models are offered that cost nothing.
  const offline = names.filter((name) => name === 'demo' || name.startsWith('demo-'));
  return offline.length > 0 ? offline : names;
}

/** Plays scenes until the count is reached or the time is over; answers how long it took. */
async function play(io: Io, stage: Stage, limit: { count: number | null; seconds: number | null }): Promise<number> {
  const started = performance.now();
  const count = limit.count ?? (limit.seconds === null ? DEFAULT_SCENES : Number.POSITIVE_INFINITY);
  const limitMs = limit.seconds === null ? Number.POSITIVE_INFINITY : limit.seconds * 1000;
  for (let index = 0; index < count && performance.now() - started < limitMs; index += 1) {
    const scene = SCENES[index % SCENES.length];
    if (scene === undefined) break;
    const share = Math.max(Number.isFinite(count) ? index / count : 0, Number.isFinite(limitMs) ? (performance.now() - started) / limitMs : 0);
    io.progress(100 * share, io.text('demo.step', { scene: scene.name }));
    await scene.play(stage, Math.floor(index / SCENES.length));
  }
  return performance.now() - started;
}

function report(io: Io, doors: Doors, stage: Stage, elapsedMs: number): void {
  const { calls, failures, traces, scores, problems } = stage.tally;
  const seconds = (elapsedMs / 1000).toFixed(1);
  io.progress(100, io.text('verify.done'));
  for (const [what, count] of problems) io.notify('demo.problem', { count, what });
  const lines = [
    io.text('demo.done', { calls, failures, traces, scores, seconds }),
    io.text('demo.look-requests', { console: `${doors.gatewayUrl}/ui/` }),
    io.text('demo.look-traces', { observe: doors.observeUrl }),
    io.text('demo.look-filter', { user: 'tanaka', tag: 'agent' }),
  ];
  io.result(
    {
      calls,
      failures,
      traces,
      scores,
      elapsedMs: Math.round(elapsedMs),
      problems: Object.fromEntries(problems),
      keys: stage.crew.map(({ alias, team }) => ({ alias, team })),
    },
    lines.join('\n'),
  );
}
