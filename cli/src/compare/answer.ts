// An answer of a gateway reduced to what can be compared: status, header names, body shape, usage and cost; whole or as a stream of events.
import { type Shape, shapeOf } from './shape.ts';

export interface ComparedAnswer {
  status: number;
  headers: ReadonlyMap<string, string>;
  shape: Shape;
  /** How a stream ends: its last line of data when that is no JSON. */
  end: string | null;
  usage: { prompt: number | null; completion: number | null; total: number | null };
  /** Dollars; null when nobody tells. */
  cost: number | null;
  elapsedMs: number;
}

export interface ReceivedAnswer {
  status: number;
  headers: Headers;
  text: string;
  elapsedMs: number;
}

/** Headers that say something to a client of a gateway. */
const TOLD = /^(x-litellm-|x-ratelimit-|content-type$|retry-after$)/;
const COST_HEADER = 'x-litellm-response-cost';

export function reduceAnswer({ status, headers, text, elapsedMs }: ReceivedAnswer): ComparedAnswer {
  const kept = new Map([...headers].filter(([name]) => TOLD.test(name)));
  const isStream = (headers.get('content-type') ?? '').includes('text/event-stream');
  const { bodies, end } = isStream ? eventsOf(text) : { bodies: [parsed(text)], end: null };
  const cost = headers.get(COST_HEADER);
  return {
    status,
    headers: kept,
    shape: shapeOf(bodies),
    end,
    usage: usageOf(bodies),
    cost: cost === null || Number.isNaN(Number(cost)) ? null : Number(cost),
    elapsedMs,
  };
}

function eventsOf(text: string): { bodies: unknown[]; end: string | null } {
  const data = [...text.matchAll(/^data:[ ]?(.*)$/gm)].map(([, line = '']) => line.trim());
  const last = data.at(-1) ?? null;
  const isEnd = last !== null && !last.startsWith('{');
  return { bodies: (isEnd ? data.slice(0, -1) : data).map(parsed), end: isEnd ? last : null };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text === '' ? null : 'text';
  }
}

/** OpenAI's and Anthropic's names; the last body that says it. */
function usageOf(bodies: readonly unknown[]): ComparedAnswer['usage'] {
  const usage = { prompt: null as number | null, completion: null as number | null, total: null as number | null };
  for (const body of bodies) {
    const whole = body as { usage?: Record<string, unknown> | null; message?: { usage?: Record<string, unknown> } } | null;
    const found = whole?.usage ?? whole?.message?.usage;
    if (typeof found !== 'object' || found === null) continue;
    usage.prompt = numberOf(found.prompt_tokens ?? found.input_tokens) ?? usage.prompt;
    usage.completion = numberOf(found.completion_tokens ?? found.output_tokens) ?? usage.completion;
    usage.total = numberOf(found.total_tokens) ?? usage.total;
  }
  return usage;
}

const numberOf = (value: unknown): number | null => (typeof value === 'number' ? value : null);
