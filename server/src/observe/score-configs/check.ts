// Scores against the config that they name: refused at the door when they do not fit, and shown with the config's type and category values when read.
import { AppError } from '#lib/errors.ts';
import type { Records } from '#stores/records/port.ts';
import { type ConfigRow, configsById } from './sql.ts';

/** What a score says of itself. */
export interface CheckedScore {
  name?: string | undefined;
  value: number | string | boolean;
  dataType?: string | null | undefined;
  configId?: string | null | undefined;
}

/** One entry a score: why it does not fit its config, or null. */
export type ScoreCheck = (projectId: string, scores: readonly CheckedScore[]) => Promise<(string | null)[]>;

/** Checks by the records. While they are away nothing is refused: accepting events does not depend on them. */
export function scoreCheck(records: Pick<Records, 'query'>): ScoreCheck {
  return async (projectId, scores) => {
    const configs = await configsOf(
      records,
      projectId,
      scores.map(({ configId }) => configId),
    );
    if (configs === null) return scores.map(() => null);
    return scores.map((score) => (score.configId ? problemOf(score, configs.get(score.configId)) : null));
  };
}

async function configsOf(
  records: Pick<Records, 'query'>,
  projectId: string,
  ids: readonly (string | null | undefined)[],
): Promise<Map<string, ConfigRow> | null> {
  const wanted = [...new Set(ids.filter((id) => typeof id === 'string' && id !== '' && !id.includes('\u0000')))] as string[];
  if (wanted.length === 0) return new Map();
  try {
    return new Map((await configsById(records, projectId, wanted)).map((row) => [row.id, row]));
  } catch (error) {
    if (error instanceof AppError && error.status === 503) return null;
    throw error;
  }
}

/** Why a score does not fit, in words for the caller; null when it does. */
export function problemOf(score: CheckedScore, config: ConfigRow | undefined): string | null {
  if (!config) return 'The configId does not name a score config of this project.';
  if (config.is_archived) return 'Config is archived and cannot be used to create new scores. Please restore the config first.';
  if (score.dataType && score.dataType !== config.data_type) return `Data type mismatch based on config: expected ${config.data_type}, got ${score.dataType}`;
  if (score.name !== undefined && score.name !== config.name) return `Name mismatch based on config: expected ${config.name}, got ${score.name}`;
  return valueProblem(score.value, config);
}

function valueProblem(value: CheckedScore['value'], config: ConfigRow): string | null {
  switch (config.data_type) {
    case 'NUMERIC':
      return rangeProblem(value, config);
    case 'BOOLEAN':
      return value === 0 || value === 1 || typeof value === 'boolean' ? null : 'Value must be 0 or 1, as the config is BOOLEAN';
    case 'CATEGORICAL':
      return config.categories?.some(({ label }) => label === value) ? null : `Category ${String(value).slice(0, 100)} is not one of the config's categories`;
    case 'TEXT':
      return typeof value === 'string' ? null : 'Value must be text, as the config is TEXT';
  }
}

function rangeProblem(value: CheckedScore['value'], { min_value: min, max_value: max }: ConfigRow): string | null {
  if (typeof value !== 'number') return 'Value must be a number, as the config is NUMERIC';
  if (min !== null && value < min) return `Value is below the minimum value of ${min} that the config sets`;
  return max !== null && value > max ? `Value exceeds the maximum value of ${max} that the config sets` : null;
}

interface Typed {
  config_id: string | null;
  data_type: string;
  value: number | null;
  string_value: string | null;
}

/** The same rows, typed as their configs say. */
export type ScoreTypes = <Row extends Typed>(projectId: string, rows: readonly Row[]) => Promise<Row[]>;

/** For reads without records. */
export const untyped: ScoreTypes = async (_, rows) => [...rows];

/** Types by the records; while they are away rows stay as they are. */
export function scoreTypes(records: Pick<Records, 'query'>): ScoreTypes {
  return async (projectId, rows) => {
    const configs = await configsOf(
      records,
      projectId,
      rows.map((row) => row.config_id),
    );
    if (configs === null || configs.size === 0) return [...rows];
    return rows.map((row) => typed(row, row.config_id === null ? undefined : configs.get(row.config_id)));
  };
}

/** A score sent without a type has the one that its value suggests; its config knows better. */
function typed<Row extends Typed>(row: Row, config: ConfigRow | undefined): Row {
  if (!config) return row;
  if (config.data_type === 'BOOLEAN' && row.data_type === 'NUMERIC') return { ...row, data_type: 'BOOLEAN', string_value: row.value === 1 ? 'True' : 'False' };
  if (config.data_type === 'TEXT' && row.data_type === 'CATEGORICAL') return { ...row, data_type: 'TEXT' };
  if (row.data_type !== 'CATEGORICAL' || row.value !== null) return row;
  const category = config.categories?.find(({ label }) => label === row.string_value);
  return category ? { ...row, value: category.value } : row;
}
