// What a person must know after taking over or giving back, grouped: how many rows, and a few of them by name.

/** `refused`: the row was left; `note`: the row was taken without something, or something in it is not held here. */
export type FindingLevel = 'refused' | 'note';

export interface Finding {
  readonly level: FindingLevel;
  readonly kind: string;
  readonly code: string;
  /** The field that it is about. */
  readonly field?: string;
  /** Words of whoever refused. */
  readonly detail?: string;
  readonly count: number;
  readonly examples: readonly string[];
}

const EXAMPLES = 5;

export class Findings {
  readonly #found = new Map<string, { finding: Omit<Finding, 'count' | 'examples'>; count: number; examples: string[] }>();

  add(finding: Omit<Finding, 'count' | 'examples'>, id: string): void {
    const name = [finding.level, finding.kind, finding.code, finding.field, finding.detail].join('\u001f');
    const found = this.#found.get(name) ?? { finding, count: 0, examples: [] };
    found.count += 1;
    if (found.examples.length < EXAMPLES) found.examples.push(id);
    this.#found.set(name, found);
  }

  list(): Finding[] {
    return [...this.#found.values()].map(({ finding, count, examples }) => ({ ...finding, count, examples }));
  }
}
