// Presidio's analyzer as a guard: names, places and whatever else its models find, masked or refused here by what it found. Source: Presidio's public API reference (POST /analyze).
import { isFields } from '#lib/json.ts';
import { type Finding, masked } from './finding.ts';
import { type Ask, type Guard, type GuardConfig, PASSED, type Verdict } from './guard.ts';

type Config = Extract<GuardConfig, { kind: 'presidio' }>;

/** Characters of one request: the models behind it hold a text in memory many times over. */
const PIECE = 50_000;
/** What stands across two pieces is whole in one of them when it is no longer than this. */
const OVERLAP = 500;

/** @throws Error (when it looks) where the service is away or answers something else. */
export function presidioGuard(config: Config, ask: Ask): Guard['inspect'] {
  const url = new URL(config.analyzer);
  if (!url.pathname.endsWith('/analyze')) url.pathname = `${url.pathname.replace(/\/+$/, '')}/analyze`;
  return async ({ texts }, signal) => {
    const blocked = new Set<string>();
    let changed = false;
    const after: string[] = [];
    // One after the other: an analyzer works on one text at a time, and a request of a hundred messages must not fill its queue.
    for (const text of texts) {
      const findings = text.trim() === '' ? [] : await findingsIn(text, (piece) => ask({ url, headers: {}, body: questionOf(piece, config), signal }), config);
      for (const { entity } of findings) if (config.entities?.get(entity) === 'BLOCK') blocked.add(entity);
      changed ||= findings.length > 0;
      after.push(findings.length === 0 ? text : masked(text, findings));
    }
    return verdict({ changed, after, blocked }, config);
  };
}

function verdict({ changed, after, blocked }: { changed: boolean; after: string[]; blocked: ReadonlySet<string> }, { violation }: Config): Verdict {
  if (!changed) return PASSED;
  // What is refused is masked too: it must not be written down either.
  return { texts: after, refusal: blocked.size === 0 ? null : (violation ?? `found ${[...blocked].join(', ')}`) };
}

function questionOf(text: string, { language, entities, recognizers }: Config): Record<string, unknown> {
  return {
    text,
    language,
    ...(entities === null ? {} : { entities: [...entities.keys()] }),
    ...(recognizers === null ? {} : { ad_hoc_recognizers: recognizers }),
  };
}

/** Exported for its property test. */
export async function findingsIn(
  text: string,
  analyze: (piece: string) => Promise<unknown>,
  config: Pick<Config, 'thresholds' | 'denied'>,
): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (let at = 0; at < text.length; at += PIECE - OVERLAP) {
    const piece = text.slice(at, at + PIECE);
    const answer = await analyze(piece);
    if (!Array.isArray(answer)) throw new Error('the guard’s service did not answer with a list');
    const placeOf = unitsByPoint(piece);
    for (const entry of answer) {
      const finding = findingOf(entry, placeOf, config);
      if (finding !== null) findings.push({ ...finding, start: finding.start + at, end: finding.end + at });
    }
    if (at + PIECE >= text.length) break;
  }
  return findings;
}

/** @throws Error for an entry that names no place in the text: passing it over would let through what was found. */
function findingOf(entry: unknown, placeOf: (point: number) => number | null, { thresholds, denied }: Pick<Config, 'thresholds' | 'denied'>): Finding | null {
  const { entity_type: entity, start, end, score } = isFields(entry) ? entry : {};
  const from = typeof start === 'number' ? placeOf(start) : null;
  const to = typeof end === 'number' ? placeOf(end) : null;
  if (typeof entity !== 'string' || entity === '' || from === null || to === null || from > to)
    throw new Error('the guard’s service named no place in the text');
  const least = thresholds.get(entity) ?? thresholds.get('ALL') ?? 0;
  if (denied.has(entity) || (typeof score === 'number' && score < least) || from === to) return null;
  return { start: from, end: to, entity };
}

/** Python counts characters where JavaScript counts UTF-16 units: behind an emoji every place would be one off. */
function unitsByPoint(text: string): (point: number) => number | null {
  const isPlace = (place: number, length: number): boolean => Number.isSafeInteger(place) && place >= 0 && place <= length;
  if (!/[\uD800-\uDFFF]/.test(text)) return (point) => (isPlace(point, text.length) ? point : null);
  const units: number[] = [];
  let unit = 0;
  for (const character of text) {
    units.push(unit);
    unit += character.length;
  }
  units.push(unit);
  return (point) => (isPlace(point, units.length - 1) ? (units[point] as number) : null);
}
