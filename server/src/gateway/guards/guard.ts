// A guard: looks at the texts of a request or of an answer, and lets them pass, changes them, or refuses the call.
import type { GatewayConfig } from '#settings/settings.ts';
import type { Detector } from './finding.ts';

/** A guard as it is configured. */
export type GuardConfig = GatewayConfig['guardrails'][number];

/** When a guard looks (LiteLLM's modes). */
export type GuardMode = 'pre_call' | 'during_call' | 'post_call';
/** When a guard looks that is for tools of MCP servers alone. */
export type McpGuardMode = 'pre_mcp_call' | 'during_mcp_call';

export interface GuardInput {
  readonly kind: 'request' | 'answer';
  /** What was said, in the order of the body. */
  readonly texts: readonly string[];
  /** The whole body, parsed. Hooks may change it. */
  readonly body: unknown;
  readonly call: GuardedCall;
}

/** Whose call it is, as hooks are told. */
export interface GuardedCall {
  readonly callId: string;
  readonly traceId: string;
  readonly model: string;
  readonly callType: string;
  readonly keyHash: string;
  readonly keyAlias: string | null;
  readonly teamId: string | null;
  readonly userId: string | null;
  readonly endUser: string | null;
}

export interface Verdict {
  /** The texts as they are to be, one for one; null = unchanged. Also set beside a refusal, for what is written down. */
  readonly texts: readonly string[] | null;
  /** A body in the place of the given one; undefined = unchanged. */
  readonly body?: unknown;
  /** Why the call must not go on; null = it may. */
  readonly refusal: string | null;
}

/** Posts JSON to a guard's service; answers what it says, parsed. @throws Error when that is not 200. */
export type Ask = (sending: { url: URL; headers: Readonly<Record<string, string>>; body: unknown; signal: AbortSignal }) => Promise<unknown>;

export const PASSED: Verdict = Object.freeze({ texts: null, refusal: null });

export interface Guard {
  readonly name: string;
  readonly modes: ReadonlySet<GuardMode | McpGuardMode>;
  readonly defaultOn: boolean;
  /** Looks before those that only mask: what they took out it could not find. */
  readonly refuses: boolean;
  /** Decides at once, without asking anybody. */
  readonly isLocal: boolean;
  /** What a guard that cannot decide (its service is away, its hook threw) means: the call goes on. */
  readonly failOpen: boolean;
  /** For streams: what is masked and what ends the stream, piece by piece; null = the whole answer has to be there first. */
  readonly stream: { readonly masks: Detector; readonly blocks: Detector } | null;
  inspect(input: GuardInput, signal: AbortSignal): Verdict | Promise<Verdict>;
}
