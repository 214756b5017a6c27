// What a person answered for an item, config by config, as texts: which keys choose what, what fits the config, and which score it becomes.

export interface ScoreConfig {
  id: string;
  name: string;
  description: string | null;
  isArchived: boolean;
  dataType: 'NUMERIC' | 'CATEGORICAL' | 'BOOLEAN' | 'TEXT';
  minValue: number | null;
  maxValue: number | null;
  categories: { label: string; value: number }[] | null;
}

export type Answers = Readonly<Record<string, string>>;

/** What can be chosen by a key; [] for configs that are typed. */
export function choicesOf(config: ScoreConfig): readonly string[] {
  return config.dataType === 'NUMERIC' || config.dataType === 'TEXT' ? [] : (config.categories ?? []).map(({ label }) => label);
}

/** The score value of an answer; null when it does not fit the config. */
export function valueOfAnswer(config: ScoreConfig, answer: string): number | string | null {
  switch (config.dataType) {
    case 'NUMERIC':
      return numberWithin(config, answer);
    case 'BOOLEAN':
      return config.categories?.find(({ label }) => label === answer)?.value ?? null;
    case 'CATEGORICAL':
      return choicesOf(config).includes(answer) ? answer : null;
    case 'TEXT':
      return answer.trim() === '' || answer.length > 500 ? null : answer;
  }
}

function numberWithin({ minValue, maxValue }: ScoreConfig, answer: string): number | null {
  const value = Number(answer);
  if (answer.trim() === '' || !Number.isFinite(value)) return null;
  return (minValue !== null && value < minValue) || (maxValue !== null && value > maxValue) ? null : value;
}

/** The answer that a digit key (1 to 9) gives; null when the config has no such choice. */
export function answerOfKey(config: ScoreConfig | undefined, key: string): string | null {
  const index = /^[1-9]$/.test(key) ? Number(key) - 1 : -1;
  return config === undefined ? null : (choicesOf(config)[index] ?? null);
}

/** The next config without an answer behind a place, else the first one, else the place itself. */
export function nextOpen(configs: readonly ScoreConfig[], answers: Answers, from: number): number {
  const open = configs.map((config, index) => ((answers[config.id] ?? '') === '' ? index : -1)).filter((index) => index >= 0);
  return open.find((index) => index > from) ?? open.find((index) => index < from) ?? from;
}

/** Answers that do not fit; those that are empty are left out of the scores and are no fault. */
export function faultsOf(configs: readonly ScoreConfig[], answers: Answers): ScoreConfig[] {
  return configs.filter((config) => (answers[config.id] ?? '') !== '' && valueOfAnswer(config, answers[config.id] as string) === null);
}

/** What is scored. */
export type Subject = { traceId: string } | { traceId: string; observationId: string } | { sessionId: string };

/** One score an item and config: answering again changes it. */
export function scoreId(itemId: string, configId: string): string {
  return `annotation-${itemId}-${configId}`;
}

/** The bodies of POST /api/public/scores for the answers that fit. */
export function scoresOf(item: { id: string; queueId: string }, subject: Subject, configs: readonly ScoreConfig[], answers: Answers): object[] {
  return configs.flatMap((config) => {
    const value = valueOfAnswer(config, answers[config.id] ?? '');
    if (value === null) return [];
    const { name, dataType, id: configId } = config;
    return [{ id: scoreId(item.id, configId), ...subject, name, dataType, value, configId, queueId: item.queueId, source: 'ANNOTATION' }];
  });
}

/** Stored scores (v3) of an item back into answers. */
export function answersOfScores(
  item: { id: string },
  configs: readonly ScoreConfig[],
  scores: readonly { id: string; value: number | boolean | string }[],
): Answers {
  const answers: Record<string, string> = {};
  for (const config of configs) {
    const score = scores.find(({ id }) => id === scoreId(item.id, config.id));
    if (score === undefined) continue;
    answers[config.id] =
      typeof score.value === 'boolean' ? (config.categories?.find(({ value }) => value === Number(score.value))?.label ?? '') : String(score.value);
  }
  return answers;
}
