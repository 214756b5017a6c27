// The scores of a trace or of one observation.
import type { ConsoleScore } from '@genai/server/contract';
import { Badge, Group, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { Instant } from '#ui/instant.tsx';
import styles from './scores.module.css';

export function Scores({ scores, names }: { scores: readonly ConsoleScore[]; names: ReadonlyMap<string, string> }): ReactNode {
  const { t } = useText();
  if (scores.length === 0) return <Text c="dimmed">{t('traces.noScores')}</Text>;
  return (
    <ul className={styles.list}>
      {scores.map((score) => (
        <li key={score.id} className={styles.item}>
          <Group justify="space-between" gap="sm" wrap="nowrap">
            <span className={styles.name}>{score.name}</span>
            <span className={styles.value}>{scoreText(score)}</span>
          </Group>
          <Group gap="xs" className="quiet">
            <Badge size="xs" color="gray">
              {score.source}
            </Badge>
            {score.observationId !== null && <span className={styles.small}>{names.get(score.observationId) ?? score.observationId}</span>}
            <span className={styles.small}>
              <Instant at={score.timestamp} />
            </span>
          </Group>
          {score.comment && <Text size="sm">{score.comment}</Text>}
        </li>
      ))}
    </ul>
  );
}

function scoreText(score: ConsoleScore): string {
  if (score.stringValue !== null) return score.stringValue;
  if (score.dataType === 'BOOLEAN' && score.value !== null) return score.value === 1 ? 'True' : 'False';
  return score.value === null ? '–' : String(score.value);
}
