// A score as the public API gives it, and the text that stands for its value.

export interface ScoreRow {
  id: string;
  name: string;
  source: string;
  dataType: string;
  timestamp: string;
  comment: string | null;
  traceId: string | null;
  observationId: string | null;
  sessionId: string | null;
  datasetRunId: string | null;
  value?: number;
  stringValue?: string;
}

/** The category or the text where there is one, else the number. */
export function scoreText({ value, stringValue, dataType }: Pick<ScoreRow, 'value' | 'stringValue' | 'dataType'>): string {
  if (stringValue !== undefined && stringValue !== '') return stringValue;
  if (dataType === 'BOOLEAN' && value !== undefined) return value === 1 ? 'True' : 'False';
  // 0.1 + 0.2 is shown as 0.3.
  return value === undefined ? '–' : String(Number(value.toPrecision(10)));
}
