// One call of an MCP server's tool, governed as any call: guards, limits, budget, one row with its stated price, its content kept or not. Its outcome is always a result.
import type { CallToolResult } from '@modelcontextprotocol/sdk/types.js';
import type { AttemptRecord } from '#call-record.ts';
import { reserved } from '#gateway/admit.ts';
import type { Caller } from '#gateway/authenticate.ts';
import { Call, type Ending } from '#gateway/call.ts';
import { ClientGone, ownFailure, redact } from '#gateway/errors.ts';
import { takeLimits } from '#gateway/limits.ts';
import { record } from '#gateway/meters.ts';
import { readRequest } from '#gateway/request.ts';
import { claimsOf, findRules } from '#gateway/rules.ts';
import type { Plane } from '#gateway/run.ts';
import { openWritten, release, settle } from '#gateway/settle.ts';
import type { StatedMcpServer } from '#gateway/snapshot.ts';
import { AppError } from '#lib/errors.ts';
import type { Fields } from '#lib/json.ts';
import { parsePicos } from '#lib/money.ts';
import type { Way } from './servers-room.ts';

/** The request that the tool is called in. */
export interface Door {
  /** Read from for headers and the client's address; never settled itself. */
  readonly call: Pick<Call, 'request' | 'response' | 'snapshot' | 'clientAddress'>;
  readonly caller: Caller;
  readonly plane: Plane;
  readonly signal: AbortSignal;
  /** Members of the body that say on whose behalf the tool is called (`user`, `metadata` …). */
  readonly context?: Fields;
}

export interface ToolUse {
  stated: StatedMcpServer;
  way: Way;
  tool: string;
  input: Readonly<Record<string, unknown>>;
  /** Told what the call has cost. */
  readonly spent?: (picos: bigint) => void;
}

/** Never rejects: what went wrong is a result with `isError` in words, and the call's row. */
export async function useTool(door: Door, use: ToolUse): Promise<CallToolResult> {
  const { deps, meters } = door.plane;
  const call = callOf(door, use);
  const leave = (): void => call.leave();
  door.signal.addEventListener('abort', leave, { once: true });
  try {
    return await governed(call, door, use);
  } catch (error) {
    return await refused(call, door, error);
  } finally {
    door.signal.removeEventListener('abort', leave);
    release(call, deps);
    use.spent?.(call.costPicos ?? 0n);
    record(call, meters, deps);
  }
}

function callOf({ call: door, caller, plane, context = {} }: Door, { stated: { server }, tool, input }: ToolUse): Call {
  const call = new Call(plane.deps, door.snapshot, { endpoint: 'mcp', route: '/mcp', pathModel: null }, [door.request, door.response]);
  call.clientAddress = door.clientAddress;
  call.key = caller.key;
  call.keyId = caller.key === null ? caller.keyId : caller.key.id;
  // As LiteLLM writes it into its log.
  call.model = `MCP: ${server.name}-${tool}`.slice(0, 800);
  call.body = Buffer.from(JSON.stringify({ ...context, model: call.model, server: server.name, name: tool, arguments: input }));
  return call;
}

async function governed(call: Call, door: Door, { stated, way, tool }: ToolUse): Promise<CallToolResult> {
  const { deps } = door.plane;
  const { server, target } = stated;
  call.group = { name: `mcp/${server.name}`, targets: [target], captured: null };
  call.asked = readRequest(call.body, null, 'mcp');
  await guardsFirst(call);
  findRules(call, deps);
  await takeLimits(call, deps);
  const cost = Object.hasOwn(server.costPerTool, tool) ? (server.costPerTool[tool] as string) : server.costPerCall;
  reserved(call, await deps.budgets.reserve(claimsOf(call), parsePicos(cost), call.snapshot.config.budgetMode === 'strict'));
  await call.guards?.request(false);
  if (target.problem !== null) throw target.problem;
  const attempt = call.gone ? null : await openWritten(call, deps, target, call.model);
  if (attempt === null) throw new ClientGone();
  const asking = new AbortController();
  call.waiting = { interrupt: () => asking.abort(new ClientGone()) };
  const watching = call.guards?.has('during_call') ? call.guards.during().then(nothing, (error: unknown) => error) : null;
  const { arguments: input } = JSON.parse(call.body.toString('utf8')) as { arguments: Record<string, unknown> };
  let result: CallToolResult;
  try {
    result = await door.plane.mcp.call(way, tool, { input, signal: asking.signal });
  } catch (error) {
    closeRefused(attempt, deps.clock.nowUs(), call.gone ? new ClientGone() : error);
    throw call.gone ? new ClientGone() : error;
  }
  // The server has worked: its price is owed, whatever becomes of the result.
  Object.assign(attempt, { endedAtUs: deps.clock.nowUs(), outcome: 'success', httpStatus: 200, cost });
  call.upstreamUs += attempt.endedAtUs - attempt.startedAtUs;
  call.costPicos = parsePicos(cost);
  const refusal = (await watching) ?? null;
  if (refusal !== null) throw refusal;
  return await delivered(call, door, result);
}

const nothing = (): null => null;

/** Guards look before anything of the call can be written down; those that ask a service once it is admitted. */
async function guardsFirst(call: Call): Promise<void> {
  const { guards } = call.snapshot;
  if (guards === null) return;
  call.withheld = true;
  call.guards = guards.of(call);
  if (call.guards === null) call.withheld = false;
  else await call.guards.request(true);
}

async function delivered(call: Call, { plane }: Door, result: CallToolResult): Promise<CallToolResult> {
  let answer = Buffer.from(JSON.stringify(result));
  if (call.guards?.has('post_call')) {
    const looked = await call.guards.answer(answer);
    if (looked.bytes !== null) answer = looked.bytes as Buffer<ArrayBuffer>;
    if (looked.refusal !== null) throw looked.refusal;
  }
  const failed = result.isError === true;
  await settled(call, plane, {
    outcome: failed ? 'failure' : 'success',
    httpStatus: 200,
    errorClass: failed ? 'McpToolError' : null,
    errorMessage: failed ? 'the tool answered with an error' : null,
    answerFormat: 'json',
    answer: [answer],
  });
  return JSON.parse(answer.toString('utf8')) as CallToolResult;
}

function closeRefused(attempt: AttemptRecord, nowUs: number, error: unknown): void {
  const gone = error instanceof ClientGone;
  const failure = ownFailure(error);
  const told = { errorClass: gone ? null : failureClass(failure.status), errorMessage: gone ? null : redact(failure.message) };
  Object.assign(attempt, { endedAtUs: nowUs, outcome: gone ? 'cancelled' : 'failure', httpStatus: gone ? null : failure.status, cost: '0', ...told });
}

const failureClass = (status: number): string => (status === 504 ? 'Timeout' : 'APIConnectionError');

/** Ends a call that brought no result to its caller. */
async function refused(call: Call, { plane }: Door, error: unknown): Promise<CallToolResult> {
  const { deps } = plane;
  const gone = error instanceof ClientGone || call.gone;
  const failure = ownFailure(error);
  if (!(error instanceof AppError) && !gone) deps.log.error('a tool call failed inside the gateway', { callId: call.id, error });
  // A refusal by a limit writes nothing down, as for any call.
  if (failure.status !== 429 && call.asked !== null) {
    const ending = gone
      ? ({ outcome: 'cancelled', httpStatus: 499, errorClass: null, errorMessage: null } as const)
      : ({ outcome: 'failure', httpStatus: failure.status, errorClass: failure.type, errorMessage: redact(failure.message) } as const);
    await settled(call, plane, { ...ending, answerFormat: 'none', answer: [] });
  }
  return { isError: true, content: [{ type: 'text', text: failure.message }] };
}

async function settled(call: Call, { deps }: Plane, ending: Ending): Promise<void> {
  call.waiting = null;
  await new Promise<void>((resolve) => settle(call, deps, ending, () => resolve()));
}
