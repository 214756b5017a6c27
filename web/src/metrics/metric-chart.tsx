// Draws the rows of a metrics query as its chart; loaded after the page because the chart library is large.
import '@mantine/charts/styles.css';
import type { ConsoleWidget } from '@genai/server/contract-metrics';
import { AreaChart, BarChart, LineChart, PieChart } from '@mantine/charts';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatBucket, formatPercent } from '#lib/format.ts';
import { stepOf } from './buckets.ts';
import { binsOf, columnOf, figureOf, type MetricsRow, nameOf, type Slice, seriesOf, slicesOf, sortedRows, totalOf, unitOfMetric } from './chart-data.ts';
import styles from './metrics.module.css';
import { formatTick, formatValue, type Unit } from './units.ts';
import { useMetricTexts } from './use-metric-texts.ts';

type Drawn = Pick<ConsoleWidget, 'dimensions' | 'metrics' | 'chartType' | 'chartConfig'>;

export interface MetricChartProps {
  widget: Drawn;
  rows: readonly MetricsRow[];
  fromMs: number;
  toMs: number;
}

const COLOURS = ['ink.5', 'teal.5', 'grape.5', 'orange.5', 'cyan.5', 'pink.5', 'lime.6', 'gray.5'];
const colourOf = (index: number): string => COLOURS[index % COLOURS.length] ?? 'gray.5';
const cssOf = (colour: string): string => `var(--mantine-color-${colour.replace('.', '-')})`;
/** In pixels: the highest label keeps to its line. */
const MARGIN = { top: 8, left: 10, right: 4, bottom: 0 };
const SHARED = { h: '100%', withLegend: false, strokeDasharray: '2 4', gridAxis: 'x' as const, tickLine: 'none' as const };

export function MetricChart(props: MetricChartProps): ReactNode {
  const { chartType } = props.widget;
  if (chartType.endsWith('_TIME_SERIES')) return <OverTime {...props} />;
  switch (chartType) {
    case 'NUMBER':
      return <Figure {...props} />;
    case 'HISTOGRAM':
      return <Histogram {...props} />;
    case 'PIVOT_TABLE':
      return <PivotTable {...props} />;
    case 'PIE':
      return <Pie {...props} />;
    case 'VERTICAL_BAR':
      return <Columns {...props} />;
    default:
      return <Bars {...props} />;
  }
}

function useUnit({ metrics }: Drawn): { unit: Unit; value: (value: number) => string; tick: (value: number) => string } {
  const { language } = useText();
  const [metric] = metrics;
  const unit = metric === undefined ? 'number' : unitOfMetric(metric);
  return { unit, value: (value) => formatValue(value, unit, language), tick: (value) => formatTick(value, unit, language) };
}

function Nothing(): ReactNode {
  const { t } = useText();
  return <div className={styles.centre}>{t('metrics.nothing')}</div>;
}

function OverTime({ widget, rows, fromMs, toMs }: MetricChartProps): ReactNode {
  const { t, language } = useText();
  const { value, tick } = useUnit(widget);
  const { metricName } = useMetricTexts();
  const { names, points, left } = seriesOf(widget, rows, { fromMs, toMs });
  if (names.length === 0) return <Nothing />;
  const step = stepOf(fromMs, toMs) ?? 31 * 86_400;
  const [metric] = widget.metrics;
  const labelOf = (name: string) => name || (widget.dimensions.length === 0 && metric ? metricName(metric) : t('common.none'));
  // Keys without the name's own characters: a dot in a key would be read as a path.
  const data = points.map(({ at, values }) => ({
    at: formatBucket(at, step, language),
    ...Object.fromEntries(names.map((name, index) => [`s${index}`, values[name] ?? null])),
  }));
  const series = names.map((name, index) => ({ name: `s${index}`, label: labelOf(name), color: colourOf(index) }));
  const shared = {
    ...SHARED,
    data,
    dataKey: 'at',
    series,
    valueFormatter: value,
    xAxisProps: { minTickGap: 36 },
    yAxisProps: { width: 'auto' as const, tickFormatter: tick },
  };
  return (
    <div className={styles.fill}>
      <div style={{ flex: 1, minHeight: 0 }}>
        {widget.chartType === 'BAR_TIME_SERIES' && <BarChart {...shared} type="stacked" barChartProps={{ margin: MARGIN }} />}
        {widget.chartType === 'AREA_TIME_SERIES' && (
          <AreaChart {...shared} type="stacked" areaChartProps={{ margin: MARGIN }} withDots={false} strokeWidth={1.5} curveType="monotone" />
        )}
        {widget.chartType === 'LINE_TIME_SERIES' && (
          <LineChart {...shared} lineChartProps={{ margin: MARGIN }} connectNulls strokeWidth={1.5} curveType="monotone" dotProps={{ r: 2 }} />
        )}
      </div>
      {(widget.dimensions.length > 0 || left > 0) && (
        <div className={styles.legend}>
          {series.map(({ name, label, color }) => (
            <span key={name} className={styles.key}>
              <span className={styles.swatch} style={{ background: cssOf(color) }} aria-hidden />
              <span className="truncate" title={label}>
                {label}
              </span>
            </span>
          ))}
          {left > 0 && <span>{t('metrics.further', { count: left })}</span>}
        </div>
      )}
    </div>
  );
}

function Figure({ widget, rows }: MetricChartProps): ReactNode {
  const { language } = useText();
  const { unit } = useUnit(widget);
  const value = figureOf(widget, rows);
  return (
    <div className={styles.figure}>
      <span title={value === null ? undefined : String(value)}>{formatValue(value, unit, language)}</span>
    </div>
  );
}

function useSliceName(): (name: string) => string {
  const { t } = useText();
  return (name) => name || t('common.none');
}

function Bars({ widget, rows }: MetricChartProps): ReactNode {
  const { value } = useUnit(widget);
  const name = useSliceName();
  const slices = slicesOf(widget, rows);
  if (slices.length === 0) return <Nothing />;
  const most = Math.max(...slices.map((slice) => slice.value), Number.MIN_VALUE);
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <div className={styles.bars} tabIndex={0}>
      {slices.map((slice) => (
        <BarLine key={slice.name} slice={{ ...slice, name: name(slice.name) }} most={most} text={value(slice.value)} />
      ))}
    </div>
  );
}

function BarLine({ slice, most, text }: { slice: Slice; most: number; text: string }): ReactNode {
  return (
    <>
      <span className={styles.barName} title={slice.name}>
        <span className={styles.bar} style={{ width: `${Math.max(0, slice.value / most) * 100}%` }} aria-hidden />
        <span className={styles.barText}>{slice.name}</span>
      </span>
      <span className={styles.barValue}>{text}</span>
    </>
  );
}

function Columns({ widget, rows }: MetricChartProps): ReactNode {
  const { value, tick } = useUnit(widget);
  const { metricName } = useMetricTexts();
  const name = useSliceName();
  const [metric] = widget.metrics;
  const data = slicesOf(widget, rows).map((slice) => ({ at: name(slice.name), s0: slice.value }));
  if (data.length === 0) return <Nothing />;
  return (
    <div className={styles.fill}>
      <BarChart
        {...SHARED}
        data={data}
        dataKey="at"
        series={[{ name: 's0', label: metric ? metricName(metric) : '', color: 'ink.5' }]}
        barChartProps={{ margin: MARGIN }}
        maxBarWidth={56}
        valueFormatter={value}
        yAxisProps={{ width: 'auto', tickFormatter: tick }}
        withBarValueLabel={widget.chartConfig.show_value_labels === true}
      />
    </div>
  );
}

function Pie({ widget, rows }: MetricChartProps): ReactNode {
  const { language } = useText();
  const { value } = useUnit(widget);
  const name = useSliceName();
  const slices = slicesOf(widget, rows).filter((slice) => slice.value > 0);
  if (slices.length === 0) return <Nothing />;
  const whole = slices.reduce((sum, slice) => sum + slice.value, 0);
  return (
    <div className={styles.pie}>
      <PieChart
        size={130}
        withTooltip
        tooltipDataSource="segment"
        valueFormatter={value}
        data={slices.map((slice, index) => ({ key: `${index}`, name: name(slice.name), value: slice.value, color: colourOf(index) }))}
      />
      <div className={styles.slices}>
        {slices.map((slice, index) => (
          <SliceLine
            key={slice.name}
            name={name(slice.name)}
            colour={cssOf(colourOf(index))}
            value={value(slice.value)}
            share={formatPercent(slice.value / whole, language)}
          />
        ))}
      </div>
    </div>
  );
}

function SliceLine({ name, colour, value, share }: { name: string; colour: string; value: string; share: string }): ReactNode {
  return (
    <>
      <span className={styles.key} title={name}>
        <span className={styles.swatch} style={{ background: colour }} aria-hidden />
        <span className="truncate">{name}</span>
      </span>
      <span className={styles.barValue}>{value}</span>
      <span className={`${styles.barValue} quiet`}>{share}</span>
    </>
  );
}

function Histogram({ widget, rows }: MetricChartProps): ReactNode {
  const { t, language } = useText();
  const { tick, value } = useUnit(widget);
  const bins = binsOf(widget, rows);
  if (bins.length === 0) return <Nothing />;
  const data = bins.map((bin) => ({ at: bin.from === bin.to ? value(bin.from) : `${tick(bin.from)} – ${tick(bin.to)}`, s0: bin.count }));
  return (
    <div className={styles.fill}>
      <BarChart
        {...SHARED}
        data={data}
        dataKey="at"
        series={[{ name: 's0', label: t('metrics.rows'), color: 'ink.5' }]}
        barChartProps={{ margin: MARGIN, barCategoryGap: 1 }}
        valueFormatter={(count) => formatValue(count, 'number', language)}
        xAxisProps={{ minTickGap: 24 }}
        yAxisProps={{ width: 'auto' }}
      />
    </div>
  );
}

function PivotTable({ widget, rows }: MetricChartProps): ReactNode {
  const { t, language } = useText();
  const { metricName, fieldName } = useMetricTexts();
  const first = widget.metrics[0];
  const [sort, setSort] = useState(widget.chartConfig.defaultSort ?? { column: first ? columnOf(first) : '', order: 'DESC' as const });
  if (rows.length === 0) return <Nothing />;
  const head = (column: string, label: string, figure: boolean) => (
    <th key={column} data-figure={figure} aria-sort={sort.column === column ? (sort.order === 'ASC' ? 'ascending' : 'descending') : 'none'}>
      <button
        type="button"
        className={styles.sort}
        onClick={() => setSort({ column, order: sort.column === column && sort.order === 'DESC' ? 'ASC' : 'DESC' })}
      >
        {label}
        {sort.column === column && <span aria-hidden>{sort.order === 'ASC' ? ' ↑' : ' ↓'}</span>}
      </button>
    </th>
  );
  const totals = widget.metrics.map((metric) => totalOf(rows, metric));
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable by the keyboard.
    <div className={styles.table} tabIndex={0}>
      <table>
        <thead>
          <tr>
            {widget.dimensions.map(({ field }) => head(field, fieldName(field), false))}
            {widget.metrics.map((metric) => head(columnOf(metric), metricName(metric), true))}
          </tr>
        </thead>
        <tbody>
          {sortedRows(rows, sort.column, sort.order).map((row) => (
            <tr key={widget.dimensions.map(({ field }) => nameOf(row[field])).join('\u0000')}>
              {widget.dimensions.map(({ field }) => (
                <td key={field}>{nameOf(row[field]) || <span className="quiet">{t('common.none')}</span>}</td>
              ))}
              {widget.metrics.map((metric) => (
                <td key={columnOf(metric)} data-figure>
                  {formatValue(typeof row[columnOf(metric)] === 'number' ? (row[columnOf(metric)] as number) : null, unitOfMetric(metric), language)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
        {widget.dimensions.length > 0 && totals.some((total) => total !== null) && (
          <tfoot>
            <tr>
              <td colSpan={widget.dimensions.length}>{t('metrics.total')}</td>
              {widget.metrics.map((metric, index) => (
                <td key={columnOf(metric)} data-figure>
                  {totals[index] === null || totals[index] === undefined ? '' : formatValue(totals[index], unitOfMetric(metric), language)}
                </td>
              ))}
            </tr>
          </tfoot>
        )}
      </table>
    </div>
  );
}
