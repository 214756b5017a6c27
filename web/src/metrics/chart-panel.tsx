// A chart with its states: on its way, refused, drawn.
import { Loader } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import styles from './metrics.module.css';
import { type ChartRequest, chartQuery } from './use-metrics.ts';

const MetricChart = lazy(() => import('./metric-chart.tsx').then((module) => ({ default: module.MetricChart })));

export function ChartPanel(request: ChartRequest): ReactNode {
  const query = useQuery(chartQuery(request));
  if (query.error && !query.data) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Waiting />;
  return (
    <Suspense fallback={<Waiting />}>
      <MetricChart widget={request.query} rows={query.data.rows} fromMs={query.data.fromMs} toMs={query.data.toMs} />
    </Suspense>
  );
}

function Waiting(): ReactNode {
  const { t } = useText();
  return (
    <div className={styles.centre}>
      <Loader size={16} aria-label={t('common.loading')} />
    </div>
  );
}
