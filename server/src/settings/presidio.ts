// A guard that asks Presidio's analyzer, in LiteLLM's words (presidio_analyzer_api_base and what stands beside it).
import { readFileSync } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isRecord, type Section } from './section.ts';

export interface PresidioConfig {
  readonly kind: 'presidio';
  /** Address of the analyzer. */
  readonly analyzer: string;
  readonly language: string;
  /** What is asked for and what is done with it; null = everything that the analyzer knows, masked. */
  readonly entities: ReadonlyMap<string, 'MASK' | 'BLOCK'> | null;
  /** Findings below are passed over, by entity or for ALL. */
  readonly thresholds: ReadonlyMap<string, number>;
  /** Entities that are never taken for personal data. */
  readonly denied: ReadonlySet<string>;
  /** Recognizers of one's own, as the analyzer takes them. */
  readonly recognizers: readonly unknown[] | null;
}

/** Null: no analyzer is named. */
export function readPresidio(params: Section, configPath: string): PresidioConfig | null {
  const stated =
    params.text('presidio_analyzer_api_base') ?? (params.has('presidio_analyzer_api_base') ? null : (params.environment.PRESIDIO_ANALYZER_API_BASE ?? null));
  if (stated === null && !params.has('presidio_analyzer_api_base')) return null;
  const analyzer = stated === null || /^https?:/.test(stated) ? stated : `http://${stated}`;
  if (analyzer === null || !URL.canParse(analyzer))
    params.fault('presidio_analyzer_api_base', params.missing.length > 0 ? `${params.missing.join(', ')} is not set` : 'must be an http(s) address');
  // What is found is masked here, as the anonymizer's default does it.
  params.ignore(['presidio_anonymizer_api_base', 'presidio_filter_scope']);
  if (params.boolean('output_parse_pii')) params.warn('output_parse_pii', 'is not built: masked values stay masked in the answer');
  return {
    kind: 'presidio',
    analyzer: analyzer ?? '',
    language: params.text('presidio_language') ?? 'en',
    entities: readEntityActions(params),
    thresholds: new Map(
      Object.entries(recordOf(params.raw('presidio_score_thresholds'))).filter((entry): entry is [string, number] => typeof entry[1] === 'number'),
    ),
    denied: new Set(params.texts('presidio_entities_deny_list')),
    recognizers: readRecognizers(params, configPath),
  };
}

function recordOf(value: unknown): Record<string, unknown> {
  return isRecord(value) ? value : {};
}

function readEntityActions(params: Section): Map<string, 'MASK' | 'BLOCK'> | null {
  const given = params.raw('pii_entities_config');
  if (!isRecord(given) || Object.keys(given).length === 0) return null;
  const entities = new Map<string, 'MASK' | 'BLOCK'>();
  for (const [entity, action] of Object.entries(given)) {
    if (action === 'MASK' || action === 'BLOCK') entities.set(entity, action);
    else params.fault(['pii_entities_config', entity], 'must be MASK or BLOCK');
  }
  return entities;
}

function readRecognizers(params: Section, configPath: string): readonly unknown[] | null {
  const file = params.text('presidio_ad_hoc_recognizers');
  if (file === null) return null;
  try {
    const read: unknown = JSON.parse(readFileSync(isAbsolute(file) ? file : join(dirname(configPath), file), 'utf8'));
    if (Array.isArray(read)) return read;
    params.fault('presidio_ad_hoc_recognizers', 'must name a file with a JSON list of recognizers');
  } catch (error) {
    params.fault('presidio_ad_hoc_recognizers', `cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'no JSON'}`);
  }
  return null;
}
