// What a rule would have measured until now, with the line of its threshold; loaded when it is shown because the chart library is large.
import '@mantine/charts/styles.css';
import type { ConsoleAlertPreview } from '@genai/server/contract-metrics';
import { LineChart } from '@mantine/charts';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatShortInstant } from '#lib/format.ts';
import { formatTick, formatValue, type Unit } from '#metrics/units.ts';

export function PreviewChart({ preview, unit, threshold }: { preview: ConsoleAlertPreview; unit: Unit; threshold: number | null }): ReactNode {
  const { t, language } = useText();
  const data = preview.points.map(({ at, value }) => ({ at: formatShortInstant(at, language), value }));
  const values = preview.points.flatMap(({ value }) => (value === null ? [] : [value]));
  const highest = Math.max(0, ...values, threshold ?? 0);
  const lowest = Math.min(0, ...values, threshold ?? 0);
  return (
    <LineChart
      h="100%"
      data={data}
      dataKey="at"
      series={[{ name: 'value', label: t('alerts.value'), color: 'ink.5' }]}
      valueFormatter={(value) => formatValue(value, unit, language)}
      withLegend={false}
      strokeDasharray="2 4"
      gridAxis="x"
      tickLine="none"
      strokeWidth={1.5}
      curveType="linear"
      connectNulls={false}
      dotProps={{ r: 2 }}
      lineChartProps={{ margin: { top: 14, left: 10, right: 4, bottom: 0 } }}
      xAxisProps={{ minTickGap: 40 }}
      // The line of the threshold is in sight also when nothing comes near it.
      yAxisProps={{ width: 'auto', tickFormatter: (value: number) => formatTick(value, unit, language), domain: [lowest, highest * 1.08 || 1] }}
      referenceLines={threshold === null ? [] : [{ y: threshold, color: 'red.6', label: t('alerts.threshold'), labelPosition: 'insideTopRight' }]}
    />
  );
}
