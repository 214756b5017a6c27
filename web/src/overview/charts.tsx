// Calls, cost and tokens over time; loaded after the page because the chart library is large.
import '@mantine/charts/styles.css';
import type { ConsoleOverview } from '@genai/server/contract';
import { AreaChart, BarChart } from '@mantine/charts';
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatBucket, formatCompact, formatMoney, formatMoneyTick } from '#lib/format.ts';
import { knownCost } from './known-cost.ts';
import styles from './overview.module.css';

const HEIGHT = 184;
/** In pixels: the highest label keeps to its line, and the labels, which stand 10 to the left of their axis, stay below the title. */
const MARGIN = { top: 8, left: 10, right: 0, bottom: 0 };

export function Charts({ overview }: { overview: ConsoleOverview }): ReactNode {
  const { t, language } = useText();
  const { currency } = overview.totals;
  const data = overview.series.map((bucket) => ({
    at: formatBucket(bucket.at, overview.bucketSeconds, language),
    succeeded: bucket.calls - bucket.failures,
    failures: bucket.failures,
    // Drawn, never added up: the exact amounts stand in the tiles and tables.
    cost: Number(bucket.cost),
    input: bucket.inputTokens,
    output: bucket.outputTokens,
  }));
  const compact = (value: number) => formatCompact(value, language);
  const money = (value: number) => formatMoney(value, currency, language) ?? '';
  const highestCost = Math.max(0, ...data.map((bucket) => bucket.cost));
  const moneyTick = (value: number) => formatMoneyTick(value, highestCost, currency, language);
  const shared = {
    h: HEIGHT,
    data,
    dataKey: 'at',
    gridAxis: 'x' as const,
    tickLine: 'none' as const,
    withLegend: false,
    strokeDasharray: '2 4',
    xAxisProps: { minTickGap: 36 },
  };
  return (
    <div className={styles.thirds}>
      <Panel title={t('overview.callsOverTime')}>
        <BarChart
          {...shared}
          type="stacked"
          barChartProps={{ margin: MARGIN }}
          valueFormatter={compact}
          yAxisProps={{ width: 'auto', allowDecimals: false }}
          series={[
            { name: 'succeeded', label: t('overview.succeeded'), color: 'ink.5' },
            { name: 'failures', label: t('overview.failures'), color: 'red.5' },
          ]}
        />
      </Panel>
      <Panel title={t('overview.costOverTime')}>
        {knownCost(overview.totals).value === null ? (
          <Text c="dimmed" size="sm" className={styles.noChart} h={HEIGHT}>
            {t('overview.noKnownCost')}
          </Text>
        ) : (
          <AreaChart
            {...shared}
            areaChartProps={{ margin: MARGIN }}
            valueFormatter={money}
            yAxisProps={{ width: 'auto', tickFormatter: moneyTick }}
            withDots={false}
            strokeWidth={1.5}
            curveType="monotone"
            series={[{ name: 'cost', label: t('overview.cost'), color: 'teal.6' }]}
          />
        )}
      </Panel>
      <Panel title={t('overview.tokensOverTime')}>
        <AreaChart
          {...shared}
          type="stacked"
          areaChartProps={{ margin: MARGIN }}
          valueFormatter={compact}
          yAxisProps={{ width: 'auto' }}
          withDots={false}
          strokeWidth={1.5}
          curveType="monotone"
          series={[
            { name: 'input', label: t('common.input'), color: 'ink.5' },
            { name: 'output', label: t('common.output'), color: 'grape.5' },
          ]}
        />
      </Panel>
    </div>
  );
}

function Panel({ title, children }: { title: string; children: ReactNode }): ReactNode {
  return (
    <section className={styles.panel} aria-label={title}>
      <h2 className={styles.panelTitle}>{title}</h2>
      {children}
    </section>
  );
}
