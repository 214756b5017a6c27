// What a detector finds in a text, and how findings are taken out of it. Pure.

export interface Finding {
  readonly start: number;
  readonly end: number;
  /** EMAIL_ADDRESS, CREDIT_CARD ...: also what stands in the text afterwards, as <EMAIL_ADDRESS>. */
  readonly entity: string;
}

/** Finds in a text; findings may overlap. */
export type Detector = (text: string) => Finding[];

/** The text with every finding replaced; of overlapping ones the one that begins first and is longest. */
export function masked(text: string, findings: readonly Finding[]): string {
  let result = '';
  let at = 0;
  for (const { start, end, entity } of ordered(findings)) {
    result += `${text.slice(at, start)}<${entity}>`;
    at = end;
  }
  return result + text.slice(at);
}

/** Findings without overlaps, in order. */
export function ordered(findings: readonly Finding[]): Finding[] {
  const sorted = [...findings].sort((one, other) => one.start - other.start || other.end - one.end);
  const kept: Finding[] = [];
  for (const finding of sorted) if (finding.start >= (kept.at(-1)?.end ?? 0)) kept.push(finding);
  return kept;
}

/** The same for what stands behind a telling beginning: the pattern's first group, which is not part of the finding. */
export function behind(entity: string, pattern: RegExp, accepts: (match: string) => boolean = () => true): Detector {
  return (text) => {
    const findings: Finding[] = [];
    for (const match of text.matchAll(pattern)) {
      const [, before = '', found = ''] = match;
      const start = match.index + before.length;
      if (accepts(found)) findings.push({ start, end: start + found.length, entity });
    }
    return findings;
  };
}

/** A detector of everything that a pattern matches and a check accepts. The pattern must be global. */
export function byPattern(entity: string, pattern: RegExp, accepts: (match: string) => boolean = () => true): Detector {
  return (text) => {
    const findings: Finding[] = [];
    for (const match of text.matchAll(pattern)) if (accepts(match[0])) findings.push({ start: match.index, end: match.index + match[0].length, entity });
    return findings;
  };
}
