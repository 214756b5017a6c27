// A project's sampling rule as the server has it and as the form holds it. Pure.

export interface SamplingRule {
  share: number;
  keep: { errors: boolean; scores: boolean; slowerThanMs?: number; costAbove?: number; environments: string[]; tags: string[]; names: string[] };
  quietSeconds: number;
}

export interface LeftOutDay {
  day: string;
  reason: 'share' | 'late';
  traces: number;
  observations: number;
  scores: number;
  errors: number;
  bytes: number;
  cost: string;
}

/** GET /api/public/sampling. */
export interface Sampling {
  rule: SamplingRule | null;
  waiting: number;
  leftOut: LeftOutDay[];
}

/** What the form holds; numbers as typed. */
export interface SamplingForm {
  on: boolean;
  percent: string;
  errors: boolean;
  scores: boolean;
  slowerThanMs: string;
  costAbove: string;
  environments: string[];
  tags: string[];
  names: string[];
  quietSeconds: string;
}

const text = (value: number | undefined): string => (value === undefined ? '' : String(value));

/** A percentage without the dust of binary fractions. */
const percentOf = (share: number): string => String(Number((share * 100).toPrecision(12)));

export function samplingForm(rule: SamplingRule | null): SamplingForm {
  const { share, keep, quietSeconds } = rule ?? { share: 0.1, quietSeconds: 60, keep: { errors: true, scores: true, environments: [], tags: [], names: [] } };
  return {
    on: rule !== null,
    percent: percentOf(share),
    errors: keep.errors,
    scores: keep.scores,
    slowerThanMs: text('slowerThanMs' in keep ? keep.slowerThanMs : undefined),
    costAbove: text('costAbove' in keep ? keep.costAbove : undefined),
    environments: keep.environments,
    tags: keep.tags,
    names: keep.names,
    quietSeconds: String(quietSeconds),
  };
}

type NumberField = 'percent' | 'slowerThanMs' | 'costAbove' | 'quietSeconds';
const BOUNDS: Readonly<Record<NumberField, { least: number; most: number; whole: boolean; optional: boolean }>> = {
  percent: { least: 0, most: 100, whole: false, optional: false },
  slowerThanMs: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: false, optional: true },
  costAbove: { least: 0, most: Number.MAX_SAFE_INTEGER, whole: false, optional: true },
  quietSeconds: { least: 5, most: 86_400, whole: true, optional: false },
};

/** Fields that do not hold what the rule needs. */
export function samplingFaults(form: SamplingForm): ReadonlySet<NumberField> {
  const faults = new Set<NumberField>();
  for (const [field, { least, most, whole, optional }] of Object.entries(BOUNDS) as [NumberField, (typeof BOUNDS)[NumberField]][]) {
    const typed = form[field].trim();
    if (typed === '' && optional) continue;
    const value = Number(typed);
    if (typed === '' || !Number.isFinite(value) || value < least || value > most || (whole && !Number.isInteger(value))) faults.add(field);
  }
  return faults;
}

/** The body of PUT /api/public/sampling. */
export function samplingBody(form: SamplingForm): { rule: SamplingRule | null } {
  if (!form.on) return { rule: null };
  const { errors, scores, environments, tags, names } = form;
  const optional = (field: 'slowerThanMs' | 'costAbove') => (form[field].trim() === '' ? {} : { [field]: Number(form[field]) });
  return {
    rule: {
      share: Number((Number(form.percent) / 100).toPrecision(12)),
      quietSeconds: Number(form.quietSeconds),
      keep: { errors, scores, environments, tags, names, ...optional('slowerThanMs'), ...optional('costAbove') },
    },
  };
}
