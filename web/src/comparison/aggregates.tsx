// The runs as a whole: each measure's mean with its 95 % interval, and whether the difference from the baseline is certain.
import '#mantine-later.css';
import { Badge, Skeleton, Table, Text } from '@mantine/core';
import { useQueries } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { ErrorState } from '#ui/error-state.tsx';
import styles from './comparison.module.css';
import { Difference, measureText, metricName } from './measure.tsx';
import { type Better, usuallyBetter } from './rows.ts';
import { type Aggregate, aggregatesQuery, type Interval, type Run } from './use-comparison.ts';

interface Props {
  projectId: string;
  datasetName: string;
  runs: readonly Run[];
  metrics: readonly string[];
  betterOf: (metric: string) => Better;
}

export function Aggregates({ projectId, datasetName, runs, metrics, betterOf = usuallyBetter }: Props): ReactNode {
  const { t } = useText();
  const [baseline, ...others] = runs;
  const queries = useQueries({
    queries: [
      aggregatesQuery(projectId, datasetName, baseline?.name ?? '', undefined),
      ...others.map((run) => aggregatesQuery(projectId, datasetName, run.name, baseline?.name)),
    ],
  });
  const failed = queries.find((query) => query.error);
  if (failed) return <ErrorState error={failed.error} onRetry={() => void failed.refetch()} />;
  if (queries.some((query) => query.isPending)) return <Skeleton height={120} radius="md" />;
  if (metrics.length === 0) return <Text c="dimmed">{t('comparison.noMetrics')}</Text>;
  return (
    <div className={styles.aggregates}>
      <Table.ScrollContainer minWidth={200 + runs.length * 180}>
        <Table verticalSpacing={5}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>{t('comparison.metric')}</Table.Th>
              {runs.map((run, index) => (
                <Table.Th key={run.id}>
                  {run.name} {index === 0 && runs.length > 1 && <Badge color="gray">{t('comparison.baseline')}</Badge>}
                </Table.Th>
              ))}
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {metrics.map((metric) => (
              <Table.Tr key={metric}>
                <Table.Th scope="row">{metricName(metric, t)}</Table.Th>
                {queries.map((query, index) => (
                  <Table.Td key={runs[index]?.id}>
                    <Cell metric={metric} found={query.data?.metrics.find(({ name }) => name === metric)} better={betterOf(metric)} />
                  </Table.Td>
                ))}
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </div>
  );
}

function Cell({ metric, found, better }: { metric: string; found: Aggregate | undefined; better: Better }): ReactNode {
  if (found === undefined) return <span className="quiet">–</span>;
  return (
    <div className={styles.cell}>
      <Mean metric={metric} interval={found.run} />
      {found.difference && (
        <span className={styles.line}>
          <Difference metric={metric} value={found.difference.mean} better={better} /> <Certainty interval={found.difference} better={better} />
        </span>
      )}
    </div>
  );
}

function Mean({ metric, interval }: { metric: string; interval: Interval }): ReactNode {
  const { t, language } = useText();
  const [low, high] = [measureText(metric, interval.low, language), measureText(metric, interval.high, language)];
  return (
    <span className="numeric" title={t('comparison.interval', { low, high, count: formatCount(interval.n, language) })}>
      <strong>{measureText(metric, interval.mean, language)}</strong>{' '}
      <span className="quiet">
        [{low} – {high}]
      </span>
    </span>
  );
}

/** A difference is certain when its interval leaves zero out. */
function Certainty({ interval, better }: { interval: Interval; better: Better }): ReactNode {
  const { t } = useText();
  if (interval.low <= 0 && interval.high >= 0) return <Badge color="gray">{t('comparison.certain.open')}</Badge>;
  const isBetter = interval.low > 0 === (better === 'higher');
  return <Badge color={isBetter ? 'teal' : 'red'}>{t(isBetter ? 'comparison.certain.better' : 'comparison.certain.worse')}</Badge>;
}
