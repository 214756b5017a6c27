// The lines of a batch's file as its upstream is to have them: each looked at by the key's models and guards, its model named as the deployment knows it, counted for the
// reservation. One line is in memory at a time (a few while guards ask somebody). A line that cannot be is named by its number, before the upstream has seen a byte.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { findGroup } from '#gateway/admit.ts';
import { Call } from '#gateway/call.ts';
import type { GatewayDeps } from '#gateway/deps.ts';
import { notServed } from '#gateway/exchange.ts';
import type { Endpoint } from '#gateway/providers/provider.ts';
import { type Asked, fieldOf, readRequest } from '#gateway/request.ts';
import { answersWithoutTokens, statedMaximum, UNBOUNDED } from '#gateway/reservation.ts';
import { memberOf, memberValue, ScanError, type ScannedObject, scanObject } from '#gateway/scan.ts';
import type { Group, Snapshot } from '#gateway/snapshot.ts';
import { splice } from '#gateway/splice.ts';
import type { Target } from '#gateway/target.ts';
import { wantedTools } from '#gateway/tool-loop/wanted.ts';
import { upstreamBody, upstreamModel } from '#gateway/upstream-body.ts';
import type { VirtualKey } from '#identity/principal.ts';
import { AppError } from '#lib/errors.ts';
import { type Line, LineSplitter } from './lines.ts';
import type { CountedLines } from './port.ts';
import type { Spool } from './spool.ts';

/** A line is held whole. */
export const LONGEST_LINE = 4 * 1024 * 1024;
/** Lines that guards look at side by side. */
const LINES_AT_ONCE = 16;
const NEW_LINE = Buffer.from('\n');
const NOTHING_DROPPED: ReadonlySet<string> = new Set();
const NOTHING_RENAMED: ReadonlyMap<string, string> = new Map();

/** What a line may call, with or without `/v1`. */
const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map([
  ['/chat/completions', 'chat'],
  ['/completions', 'completions'],
  ['/embeddings', 'embeddings'],
  ['/responses', 'responses'],
  ['/moderations', 'moderations'],
]);

/** The endpoint of a line's or a batch's path; null = none that batches have. */
export function endpointOfUrl(url: string): Endpoint | null {
  return ENDPOINTS.get(url.replace(/^\/v1(?=\/)/, '')) ?? null;
}

export interface LineRules {
  readonly deps: GatewayDeps;
  readonly snapshot: Snapshot;
  readonly key: VirtualKey | null;
  readonly keyId: string;
  readonly http: [IncomingMessage, ServerResponse];
  /** Stands in the place of every line's model; null = the lines say it. */
  readonly model: string | null;
  /** Which of the model's deployments keeps the file. @throws AppError when none can. */
  readonly choose: (group: Group) => Target;
}

export interface CheckedLines {
  readonly target: Target;
  /** Name that the client asked for. */
  readonly model: string;
  readonly counted: CountedLines;
}

/** @throws AppError 400 (and what access and guards refuse with), the line's number in its message. */
export async function checkLines(rules: LineRules, from: Spool, to: Spool): Promise<CheckedLines> {
  const checker = new Checker(rules);
  const splitter = new LineSplitter(LONGEST_LINE);
  const take = async (lines: Line[]): Promise<void> => {
    for (let at = 0; at < lines.length; at += LINES_AT_ONCE) {
      const written = await Promise.all(lines.slice(at, at + LINES_AT_ONCE).map((line) => checker.check(line)));
      for (const bytes of written) await to.write(Buffer.concat([bytes, NEW_LINE]));
    }
  };
  for await (const chunk of from.read()) await take(splitter.write(chunk));
  await take(splitter.end());
  return checker.outcome();
}

class Checker {
  readonly #rules: LineRules;
  readonly #counted = { lines: 0, url: '', bodyBytes: 0, maxOutputTokens: 0, unstated: 0, unbounded: 0 };
  #chosen: { model: string; target: Target; line: number } | null = null;

  constructor(rules: LineRules) {
    this.#rules = rules;
  }

  async check(line: Line): Promise<Buffer> {
    try {
      return await this.#check(line);
    } catch (error) {
      throw inLine(line.number, error);
    }
  }

  outcome(): CheckedLines {
    if (this.#chosen === null) throw refused('The file has no lines: a batch is one JSON object a line.');
    return { target: this.#chosen.target, model: this.#chosen.model, counted: this.#counted };
  }

  async #check({ number, bytes }: Line): Promise<Buffer> {
    const scanned = scanObject(bytes);
    const { endpoint, body } = this.#head(scanned);
    const call = this.#callOf(endpoint, body);
    const { target } = this.#choose(call, findGroup(call), number);
    if (call.guards !== null) {
      await this.#look(call);
      // A guard may have written another model into the body.
      this.#choose(call, findGroup(call), number);
    }
    if (target.upstream?.native.has(endpoint) !== true) throw notServed(call, target);
    const sent = upstreamBody(call, target, upstreamModel(call, target));
    this.#count(call, target, sent);
    return splice(scanned, { replace: new Map([['body', sent]]), drop: NOTHING_DROPPED, rename: NOTHING_RENAMED });
  }

  #head(scanned: ScannedObject): { endpoint: Endpoint; body: Buffer } {
    const text = (key: string): string => {
      const member = memberOf(scanned, key);
      const value = member === undefined ? undefined : memberValue(scanned, member);
      if (typeof value !== 'string' || value === '') throw refused(`"${key}" is missing: a line has custom_id, method, url and body`);
      return value;
    };
    text('custom_id');
    if (text('method') !== 'POST') throw refused('"method" must be POST');
    const url = text('url');
    const endpoint = endpointOfUrl(url);
    if (endpoint === null) throw refused(`"url" is ${url.slice(0, 100)}: a batch calls ${[...ENDPOINTS.keys()].map((path) => `/v1${path}`).join(', ')}`);
    if (this.#counted.url === '') this.#counted.url = url;
    else if (this.#counted.url !== url)
      throw refused(`"url" is ${url.slice(0, 100)} and that of an earlier line ${this.#counted.url}: a batch calls one endpoint`);
    const body = memberOf(scanned, 'body');
    if (body === undefined) throw refused('"body" is missing: what would be sent to the endpoint');
    return { endpoint, body: scanned.bytes.subarray(body.valueStart, body.valueEnd) };
  }

  /** The line as the call that it would be. */
  #callOf(endpoint: Endpoint, body: Buffer): Call {
    const { deps, snapshot, key, keyId, http, model } = this.#rules;
    const call = new Call(deps, snapshot, { endpoint, route: endpoint, pathModel: model }, http);
    call.key = key;
    call.keyId = keyId;
    call.body = body;
    call.asked = readRequest(body, model, endpoint, { defaultModel: endpoint === 'moderations' ? snapshot.moderationModel : null });
    if (call.asked.stream) throw refused('"stream" is not for a batch: leave it out');
    if (call.asked.background) throw refused('background is not for a batch: leave it out');
    if ((fieldOf(call.asked, 'previous_response_id') ?? null) !== null)
      throw refused('"previous_response_id" is not for a batch: send the whole conversation in "input"');
    if (wantedTools(call) !== null) throw refused('MCP servers of this gateway are not for a batch: nobody would run their tools; use calls');
    call.guards = snapshot.guards?.of(call) ?? null;
    if (call.guards?.has('post_call') === true)
      throw refused('a guardrail of this key looks at answers, and the answers of a batch are read by nobody on their way: use calls, or a key without it');
    return call;
  }

  async #look(call: Call): Promise<void> {
    await call.guards?.request(true);
    await call.guards?.request(false);
    if (call.guards?.has('during_call') === true) await call.guards.during();
  }

  #choose(call: Call, group: Group, line: number): { target: Target } {
    const asked = (call.asked as Asked).model;
    this.#chosen ??= { model: asked, target: this.#rules.choose(group), line };
    if (this.#chosen.model === asked) return this.#chosen;
    throw refused(`the model is ${asked.slice(0, 200)} and that of line ${this.#chosen.line} ${this.#chosen.model}: a batch is of one model`);
  }

  #count(call: Call, target: Target, sent: Buffer): void {
    const asked = call.asked as Asked;
    this.#counted.lines += 1;
    this.#counted.bodyBytes += sent.length;
    if (UNBOUNDED.some((part) => sent.includes(part))) this.#counted.unbounded += 1;
    if (answersWithoutTokens(call)) return;
    const stated = statedMaximum(asked, target);
    if (stated === null) this.#counted.unstated += asked.choices;
    else this.#counted.maxOutputTokens += stated * asked.choices;
  }
}

function refused(message: string): AppError {
  return new AppError(message, { status: 400, code: 'invalid_request_error', param: 'file' });
}

/** The same refusal with the line's number; what is no refusal stays what it is. */
function inLine(number: number, error: unknown): unknown {
  if (error instanceof ScanError) return refused(`Line ${number} is no JSON object: ${error.message}.`);
  if (!(error instanceof AppError)) return error;
  const { status, code, param } = error;
  return new AppError(`Line ${number}: ${error.message}`, { status: status === 501 ? 400 : status, code, param: param ?? 'file', cause: error });
}
