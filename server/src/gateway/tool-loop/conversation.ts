// The contract of a conversation with tools in one client language: what the model is asked next, what it said, and what the client is told.
import type { Fields } from '#lib/json.ts';

/** A tool that the model wants to be called. */
export interface WantedUse {
  readonly id: string;
  /** The function's name. */
  readonly name: string;
  /** As the model wrote them. */
  readonly arguments: string;
}

export interface ToolOutcome {
  readonly use: WantedUse;
  /** For the model. */
  readonly text: string;
  readonly failed: boolean;
}

/** What one model call has said. */
export interface ModelTurn {
  /** Tools that the gateway runs. */
  readonly uses: readonly WantedUse[];
  /** Nothing is left to ask the model: it has answered, or it waits for the client's tools. */
  readonly isLast: boolean;
}

/** Takes frames for the client. */
export type Emit = (frames: string) => void;

export interface Conversation {
  /** The body of the next model call. @param toolsOver the model has to answer without tools. */
  body(toolsOver: boolean): Fields;
  /** A whole answer. */
  whole(answer: Fields): ModelTurn;
  /** One event of a streamed answer; what the client may see leaves at once. False = it is an error, and told. */
  event(event: Fields, emit: Emit): boolean;
  /** The streamed answer has ended; null = it was not whole. */
  streamed(): ModelTurn | null;
  /** What has become of the tools. */
  used(outcomes: readonly ToolOutcome[], emit: Emit): void;
  /** The whole answer for the client, of all turns. */
  answer(): Fields;
  /** What ends the client's stream. */
  ending(): string;
}

/** Two counts of the same kind as one: numbers are added, what is no number is the newer one's. */
export function addedUsage(one: unknown, other: unknown): unknown {
  if (typeof one === 'number' && typeof other === 'number') return one + other;
  if (isObject(one) && isObject(other)) {
    const sum: Fields = { ...one };
    for (const [key, value] of Object.entries(other)) sum[key] = Object.hasOwn(one, key) ? addedUsage(one[key], value) : value;
    return sum;
  }
  return other ?? one;
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
