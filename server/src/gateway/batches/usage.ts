// What a batch has used: the sum over the lines that it gave, each priced by itself as the call that it was.
import type { CallUsage } from '#call-record.ts';
import { estimateTokens, usageFrom } from '#gateway/usage.ts';
import { countOf, fieldsOf, parsed, textOf } from '#lib/json.ts';
import { type Line, LineSplitter } from './lines.ts';

/** An answer with images can be long; it is looked at and let go. */
const LONGEST_ANSWER_LINE = 64 * 1024 * 1024;

export interface BatchUsage {
  readonly usage: CallUsage;
  /** Some line said nothing of its usage. */
  readonly estimated: boolean;
  readonly costPicos: bigint;
  /** Lines that were answered. */
  readonly answered: number;
  /** Model that the upstream says has answered. */
  readonly model: string | null;
}

const COUNTS = ['input', 'output', 'total', 'cachedInput', 'cacheCreationInput', 'reasoningOutput', 'audioInput', 'audioOutput'] as const;

/** @param costOf of one line. */
export class UsageSum {
  readonly #costOf: (usage: CallUsage, model: string | null) => bigint;
  readonly #splitter = new LineSplitter(LONGEST_ANSWER_LINE);
  readonly #usage: CallUsage = { input: 0, output: 0, total: 0 };
  #estimated = false;
  #costPicos = 0n;
  #answered = 0;
  #model: string | null = null;

  constructor(costOf: (usage: CallUsage, model: string | null) => bigint) {
    this.#costOf = costOf;
  }

  write(chunk: Buffer): void {
    for (const line of this.#splitter.write(chunk)) this.#add(line);
  }

  end(): BatchUsage {
    for (const line of this.#splitter.end()) this.#add(line);
    return { usage: this.#usage, estimated: this.#estimated, costPicos: this.#costPicos, answered: this.#answered, model: this.#model };
  }

  #add({ bytes }: Line): void {
    const response = fieldsOf(fieldsOf(parsed(bytes.toString('utf8'))).response);
    const status = countOf(response.status_code);
    if (status < 200 || status >= 300) return;
    const body = fieldsOf(response.body);
    const told = usageFrom(body.usage);
    if (told === null) this.#estimated = true;
    const usage = told ?? estimated(body);
    this.#answered += 1;
    this.#model ??= textOf(body.model) || null;
    for (const count of COUNTS) {
      const tokens = usage[count];
      if (tokens !== undefined) this.#usage[count] = (this.#usage[count] ?? 0) + tokens;
    }
    this.#costPicos += this.#costOf(usage, this.#model);
  }
}

/** Moderations cost nothing and say nothing; of anything else the answer's own length is all that is known. */
function estimated(body: Record<string, unknown>): CallUsage {
  const output = Array.isArray(body.results) ? 0 : estimateTokens(JSON.stringify(body));
  return { input: 0, output, total: output };
}
