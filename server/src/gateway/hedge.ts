// A stream that is slow to begin is asked for at another deployment of its model too (router_settings.hedge_after_seconds): whoever tells its first event first answers, the other one is let go and billed for what it had.
import { isFields, objectsOf } from '#lib/json.ts';
import { reserveBeside } from './admit.ts';
import { Attempt } from './attempt.ts';
import { type Call, laneOf, type Side } from './call.ts';
import { ClientGone, type Failure, ownFailure } from './errors.ts';
import type { Reservation } from './ports.ts';
import { type Asked, fieldOf } from './request.ts';
import { hasOthers, route, type Trail } from './route.ts';
import type { Plane } from './run.ts';
import { closeDelivered } from './settle.ts';
import type { Target } from './target.ts';
import { holdTargetBudget, settleTargetBudget } from './target-budgets.ts';
import { estimateUsage } from './usage.ts';

const PLAIN: ReadonlySet<string> = new Set(['chat', 'completions', 'messages', 'responses', 'generate-content']);
/** Members that let a provider do more than answer. */
const ACTING = ['mcp_servers', 'container', 'web_search_options', 'conversation'];

/** How long to wait before another deployment is asked too; null = never for this call: it is not configured, or asking twice could do something twice. */
export function hedgeAfterMs(call: Call, { tried }: Pick<Trail, 'tried'>): number | null {
  const { hedgeAfterMs: byModel } = call.snapshot.config.routing;
  if (byModel === undefined || call.asked === null || tried.size > 1) return null;
  const name = call.group?.name ?? '';
  const afterMs = Object.hasOwn(byModel, name) ? byModel[name] : byModel['*'];
  return afterMs === undefined || !isRepeatable(call, call.asked) ? null : afterMs;
}

/** Streamed, kept nowhere, and with no tool that its provider runs by itself. */
function isRepeatable(call: Call, asked: Asked): boolean {
  if (!asked.stream || asked.background || asked.mockResponse !== null || !PLAIN.has(call.endpoint)) return false;
  if (call.turn?.wanted === true || call.pinnedTo !== null || fieldOf(asked, 'store') === true) return false;
  return ACTING.every((name) => (fieldOf(asked, name) ?? null) === null) && objectsOf(fieldOf(asked, 'tools')).every(isFunction);
}

/** A function is run by the client, after it has the answer. */
function isFunction(tool: Record<string, unknown>): boolean {
  if (tool.type !== undefined) return tool.type === 'function' || tool.type === 'custom';
  // Anthropic's need no type; Google's have none: everything but declarations acts.
  return isFields(tool.input_schema) || Object.keys(tool).every((key) => /^function_?declarations$/i.test(key));
}

/** Makes one try; the lane stands for the call. */
export type Try = (lane: Call, plane: Plane, target: Target, deadlineMs: number) => Promise<Attempt | Failure>;

export interface Race {
  readonly plane: Plane;
  readonly trail: Trail;
  readonly deadlineMs: number;
  readonly afterMs: number;
  readonly attempt: Try;
}

interface Runner {
  readonly lane: Call & { readonly side: Side };
  readonly target: Target;
  readonly outcome: Promise<Attempt | Failure>;
}

/** What the try gives, or another one beside it that began to answer first. From then on the call holds what that one holds. @throws what the try throws. */
export async function race(call: Call, target: Target, parts: Race): Promise<Attempt | Failure> {
  const lane = laneOf(call, { reservation: call.reservation, aside: call.aside, choice: call.choice, beside: false });
  call.aside = null;
  const first: Runner = { lane, target, outcome: parts.attempt(lane, parts.plane, target, parts.deadlineMs) };
  const runners = [first];
  call.waiting = {
    interrupt: () => {
      for (const runner of runners) runner.lane.waiting?.interrupt();
    },
  };
  let answering = first;
  try {
    const isSlow = (await within(first.outcome, parts.afterMs)) === null;
    if (isSlow && !call.gone) answering = await hedged(call, runners, parts);
    return await answering.outcome;
  } finally {
    adopt(call, answering.lane);
  }
}

/** Asks another one too; the runner that decides. */
async function hedged(call: Call, runners: Runner[], parts: Race): Promise<Runner> {
  const [first] = runners as [Runner];
  const { plane } = parts;
  const isOver = watch(first.outcome);
  const other = await otherOf(call, parts, () => isOver() || call.gone);
  if (other === null) return first;
  const { lane, target, reservation } = other;
  const second: Runner = { lane, target, outcome: parts.attempt(lane, plane, target, parts.deadlineMs).catch(ownFailure) };
  runners.push(second);
  const winner = await firstToAnswer(first, second);
  const loser = winner === first ? second : first;
  await letGo(loser, plane);
  const lostPicos = loser.lane.costPicos ?? 0n;
  if (reservation !== null) plane.deps.budgets.settle(reservation, lostPicos);
  call.besidePicos += lostPicos;
  call.heldBytes += loser.lane.heldBytes;
  lastOf(call, winner);
  return winner;
}

interface Other {
  readonly lane: Call & { readonly side: Side };
  readonly target: Target;
  readonly reservation: Reservation | null;
}

/** A second deployment with room in every budget for a second bill; null when there is none, or no need any more. */
async function otherOf(call: Call, { plane, trail }: Race, isLate: () => boolean): Promise<Other | null> {
  const { deps, affinity } = plane;
  if (!hasOthers(call, trail, deps.clock.nowMs())) return null;
  const { target, choice } = route(call, deps, affinity, trail);
  if (trail.tried.has(target)) return null;
  const room = await reserveBeside(call, deps);
  if (room === 'none') return null;
  const reservation = room;
  const lane = laneOf(call, { reservation, aside: null, choice: choice === null ? null : { ...choice, by: 'hedge' }, beside: true });
  const refused = await holdTargetBudget(lane, deps, target);
  if (refused === null && !isLate()) {
    trail.tried.add(target);
    return { lane, target, reservation };
  }
  settleTargetBudget(lane, deps, 0n);
  if (reservation !== null) deps.budgets.settle(reservation, 0n);
  return null;
}

/** Ends a try that is not needed. Its upstream has read the request: that, and what it has said, is billed as of a client that leaves. */
async function letGo({ lane, target, outcome }: Runner, { deps }: Plane): Promise<void> {
  lane.side.lost = true;
  lane.waiting?.interrupt();
  // One that is not written down yet is not sent any more, and leaves nothing.
  const end = lane.side.opened ? await outcome.catch(ownFailure) : null;
  const { record } = lane.side;
  if (end instanceof Attempt) {
    const usage = estimateUsage(lane.body, end.chunks, 'sse', lane.dialect.said);
    closeDelivered(lane, deps, target, { outcome: 'cancelled', httpStatus: end.status, usage, estimated: true, answeredModel: null });
    end.abort(new ClientGone());
  }
  if (record?.outcome === 'cancelled') record.errorMessage = 'Another deployment began to answer first.';
  lane.busy?.ended(lane.usage?.total ?? 0, deps.clock.nowMs());
  lane.busy = null;
  settleTargetBudget(lane, deps, 0n);
}

/** The one whose try is the last of the call: what follows is written there. */
function lastOf(call: Call, { lane }: Runner): void {
  const { record } = lane.side;
  const at = record === null ? -1 : call.attempts.indexOf(record);
  if (record !== null && at >= 0) call.attempts.push(...call.attempts.splice(at, 1));
}

/** What the try holds is the call's from here on. */
function adopt(call: Call, lane: Call): void {
  call.native = lane.native;
  call.busy = lane.busy;
  call.aside = lane.aside;
  call.waiting = lane.waiting;
  call.heldBytes += lane.heldBytes;
  call.upstreamUs += lane.upstreamUs;
  if (lane.usage === null) return;
  call.usage = lane.usage;
  call.usageEstimated = lane.usageEstimated;
  call.costPicos = lane.costPicos;
}

/** The outcome, or null when it is not there in time. */
async function within(outcome: Promise<Attempt | Failure>, afterMs: number): Promise<Attempt | Failure | null> {
  let timer: NodeJS.Timeout | undefined;
  const slow = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), afterMs);
  });
  try {
    return await Promise.race([outcome, slow]);
  } finally {
    clearTimeout(timer);
  }
}

function watch(outcome: Promise<unknown>): () => boolean {
  let isOver = false;
  const over = (): void => {
    isOver = true;
  };
  outcome.then(over, over);
  return () => isOver;
}

/** Whoever has an answer first; when both fail, whoever failed last. */
function firstToAnswer(...runners: readonly Runner[]): Promise<Runner> {
  return new Promise((resolve) => {
    let left = runners.length;
    for (const runner of runners) {
      const failed = (): void => {
        left -= 1;
        if (left === 0) resolve(runner);
      };
      runner.outcome.then((outcome) => (outcome instanceof Attempt ? resolve(runner) : failed()), failed);
    }
  });
}
