// The ways to MCP servers that a process keeps: conversations that go on for their caller, lists of tools that are fresh enough, servers that just failed. All bounded.
import { createHash } from 'node:crypto';
import type { CallToolResult, Tool } from '@modelcontextprotocol/sdk/types.js';
import { createEgress, type Egress } from '#http/egress.ts';
import type { Log } from '#telemetry/log.ts';
import type { McpServer } from './access.ts';
import type { Session } from './session.ts';
import type { UpstreamHeaders } from './upstream-headers.ts';

const MAX_SESSIONS = 200;
const SESSION_IDLE_MS = 60_000;
const MAX_LISTS = 500;
const LIST_FRESH_MS = 60_000;
/** So long nobody waits again for a server that could not be listed. */
const FAILURE_FRESH_MS = 10_000;
const LIST_TIMEOUT_MS = 10_000;

/** How a caller reaches a server. */
export interface Way extends UpstreamHeaders {
  server: McpServer;
  /** Who calls: conversations are never shared between callers. */
  keyId: string;
}

export interface ServersRoomParts {
  /** What the operator trusts besides public addresses. */
  egressAllow: readonly string[];
  version: string;
  log: Log;
  nowMs: () => number;
}

interface Kept {
  session: Promise<Session>;
  usedAtMs: number;
  busy: number;
}

export class ServersRoom {
  readonly #parts: ServersRoomParts;
  readonly #guarded: Egress;
  /** Ways out for servers of the configuration file, by host. */
  readonly #trusted = new Map<string, Egress>();
  readonly #sessions = new Map<string, Kept>();
  readonly #lists = new Map<string, { tools: Promise<Tool[]>; untilMs: number }>();
  #sweeper: NodeJS.Timeout | null = null;

  constructor(parts: ServersRoomParts) {
    this.#parts = parts;
    this.#guarded = createEgress({ allow: parts.egressAllow });
  }

  /** The server's tools, at most a minute old. @throws AppError when it cannot be asked; for ten seconds nobody asks again. */
  async tools(way: Way): Promise<Tool[]> {
    const key = keyOf(way, way.isPersonal ? way.keyId : '');
    const nowMs = this.#parts.nowMs();
    const known = this.#lists.get(key);
    if (known !== undefined && known.untilMs > nowMs) return await known.tools;
    const tools = this.#ask(way, (session) => session.tools(Math.min(way.server.timeoutMs, LIST_TIMEOUT_MS)));
    const entry = { tools, untilMs: nowMs + LIST_FRESH_MS };
    this.#lists.delete(key);
    this.#lists.set(key, entry);
    if (this.#lists.size > MAX_LISTS) this.#lists.delete(this.#lists.keys().next().value as string);
    tools.catch((error: unknown) => {
      entry.untilMs = Math.min(entry.untilMs, this.#parts.nowMs() + FAILURE_FRESH_MS);
      this.#parts.log.warn('the tools of an MCP server cannot be listed', { mcpServer: way.server.name, error });
    });
    return await tools;
  }

  /** @throws AppError when the server does not answer with a result; AbortError when the caller left. */
  async call(way: Way, tool: string, { input, signal }: { input: Readonly<Record<string, unknown>>; signal: AbortSignal }): Promise<CallToolResult> {
    return await this.#ask(way, (session) => session.call(tool, input, { timeoutMs: way.server.timeoutMs, signal }));
  }

  async close(): Promise<void> {
    if (this.#sweeper !== null) clearInterval(this.#sweeper);
    this.#sweeper = null;
    const open = [...this.#sessions.values()];
    this.#sessions.clear();
    await Promise.all(open.map(async ({ session }) => await session.then((one) => one.close()).catch(() => {})));
    await Promise.all([this.#guarded, ...this.#trusted.values()].map((egress) => egress.close()));
  }

  /** A conversation that the server has forgotten is begun again, once: nothing of the request was done. */
  async #ask<Result>(way: Way, work: (session: Session) => Promise<Result>): Promise<Result> {
    const key = keyOf(way, way.keyId);
    const isOld = this.#sessions.has(key);
    try {
      return await this.#within(key, way, work);
    } catch (error) {
      const { SessionLost } = await import('./session.ts');
      if (!(error instanceof SessionLost) || !isOld) throw error;
      return await this.#within(key, way, work);
    }
  }

  async #within<Result>(key: string, way: Way, work: (session: Session) => Promise<Result>): Promise<Result> {
    const kept = this.#sessions.get(key) ?? this.#begin(key, way);
    kept.busy += 1;
    try {
      const session = await kept.session;
      if (!session.keeps) this.#forget(key, kept);
      return await work(session);
    } catch (error) {
      // A conversation in which something went wrong is not gone on with.
      this.#forget(key, kept);
      throw error;
    } finally {
      kept.busy -= 1;
      kept.usedAtMs = this.#parts.nowMs();
      if (kept.busy === 0 && this.#sessions.get(key) !== kept) void kept.session.then((session) => session.close()).catch(() => {});
    }
  }

  #begin(key: string, { server, headers }: Way): Kept {
    const timeoutMs = Math.min(server.timeoutMs, LIST_TIMEOUT_MS);
    const parts = { server, headers, egress: this.#egressOf(server), version: this.#parts.version, timeoutMs };
    const kept: Kept = { session: import('./session.ts').then(({ openSession }) => openSession(parts)), usedAtMs: this.#parts.nowMs(), busy: 0 };
    this.#sessions.set(key, kept);
    this.#makeRoom();
    this.#sweeper ??= setInterval(() => this.#sweep(), SESSION_IDLE_MS / 2).unref();
    return kept;
  }

  #forget(key: string, kept: Kept): void {
    if (this.#sessions.get(key) === kept) this.#sessions.delete(key);
  }

  /** The conversation that has been idle for longest goes; where all are busy one more is kept for its request. */
  #makeRoom(): void {
    if (this.#sessions.size <= MAX_SESSIONS) return;
    const idle = [...this.#sessions].filter(([, { busy }]) => busy === 0).sort(([, one], [, other]) => one.usedAtMs - other.usedAtMs);
    for (const [key, kept] of idle.slice(0, this.#sessions.size - MAX_SESSIONS)) this.#end(key, kept);
  }

  #sweep(): void {
    const before = this.#parts.nowMs() - SESSION_IDLE_MS;
    for (const [key, kept] of this.#sessions) if (kept.busy === 0 && kept.usedAtMs < before) this.#end(key, kept);
    for (const [key, { untilMs }] of this.#lists) if (untilMs < this.#parts.nowMs()) this.#lists.delete(key);
  }

  #end(key: string, kept: Kept): void {
    this.#sessions.delete(key);
    void kept.session.then((session) => session.close()).catch(() => {});
  }

  /** The address in the configuration file is the operator's word; one that was registered must be public, or allowed. */
  #egressOf({ trusted, url }: McpServer): Egress {
    if (!trusted) return this.#guarded;
    const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
    const known = this.#trusted.get(host) ?? createEgress({ allow: [...this.#parts.egressAllow, host] });
    this.#trusted.set(host, known);
    return known;
  }
}

const PRINTS = new WeakMap<McpServer, string>();

/** Of a server as it is configured now: a changed one begins anew. */
function keyOf({ server, headers }: Way, keyId: string): string {
  const print = PRINTS.get(server) ?? sha256(JSON.stringify(server));
  PRINTS.set(server, print);
  return sha256(JSON.stringify([print, headers, keyId]));
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
