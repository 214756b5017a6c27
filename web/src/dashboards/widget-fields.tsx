// The fields of a widget's query: chart, view, measures, dimensions, filter, limits.
import '#mantine-later.css';
import type { ConsoleMetricsOptions } from '@genai/server/contract-metrics';
import { ActionIcon, Button, Group, Select, TextInput } from '@mantine/core';
import { IconPlus, IconX } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { type TextKey, useText } from '#i18n/i18n.ts';
import { aggregationsOf, measuresOf, viewOf } from '#metrics/choices.ts';
import { ConditionLines } from '#metrics/condition-lines.tsx';
import { Pair } from '#metrics/editor.tsx';
import { useMetricTexts } from '#metrics/use-metric-texts.ts';
import { CHARTS, type WidgetForm } from './widget-values.ts';

export interface FieldsProps {
  form: WidgetForm;
  options: ConsoleMetricsOptions;
  faultOf: (field: keyof WidgetForm) => string | null;
  onChange: (part: Partial<WidgetForm>) => void;
}

const VIEWS = ['observations', 'scores-numeric', 'scores-categorical', 'scores-boolean'] as const;

export function WidgetFields({ form, options, faultOf, onChange }: FieldsProps): ReactNode {
  const { t } = useText();
  const view = viewOf(options, form.view);
  const { chartType } = form;
  const limited = !chartType.endsWith('_TIME_SERIES') && chartType !== 'NUMBER' && chartType !== 'HISTOGRAM';
  return (
    <>
      <Pair>
        <Select
          label={t('dashboards.chart')}
          allowDeselect={false}
          value={chartType}
          data={CHARTS.map((value) => ({ value, label: t(`dashboards.chart.${value}`) }))}
          onChange={(value) => value && onChange({ chartType: value })}
        />
        <Select
          label={t('dashboards.view')}
          allowDeselect={false}
          value={form.view}
          data={VIEWS.map((value) => ({ value, label: t(`metrics.view.${value}` as TextKey) }))}
          onChange={(value) => value && onChange({ view: value })}
        />
      </Pair>
      <MetricLines form={form} options={options} onChange={onChange} />
      <DimensionLines form={form} options={options} error={faultOf('dimensions')} onChange={onChange} />
      <ConditionLines columns={view?.filters ?? []} lines={form.lines} others={form.others} onChange={(lines) => onChange({ lines })} />
      {limited && (
        <TextInput
          label={t('dashboards.rowLimit')}
          placeholder="25"
          inputMode="numeric"
          value={form.rowLimit}
          error={faultOf('rowLimit')}
          onChange={(event) => onChange({ rowLimit: event.currentTarget.value })}
        />
      )}
      {chartType === 'HISTOGRAM' && (
        <TextInput
          label={t('dashboards.bins')}
          placeholder="10"
          inputMode="numeric"
          value={form.bins}
          error={faultOf('bins')}
          onChange={(event) => onChange({ bins: event.currentTarget.value })}
        />
      )}
    </>
  );
}

function MetricLines({ form, options, onChange }: Omit<FieldsProps, 'faultOf'>): ReactNode {
  const { t } = useText();
  const { measureName } = useMetricTexts();
  const view = viewOf(options, form.view);
  const most = options.charts[form.chartType]?.metrics ?? 1;
  const set = (index: number, part: { measure?: string; agg?: string }) =>
    onChange({ metrics: form.metrics.map((metric, at) => (at === index ? { ...metric, ...part } : metric)) });
  return (
    <div>
      {form.metrics.map((metric, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and are only appended and removed.
        <Group key={index} gap={6} wrap="nowrap" align="flex-end" mb={6}>
          <Select
            style={{ flex: 1 }}
            label={index === 0 ? t('dashboards.measure') : undefined}
            aria-label={t('dashboards.measure')}
            allowDeselect={false}
            searchable
            value={metric.measure}
            data={measuresOf(view, form.chartType).map((value) => ({ value, label: measureName(value) }))}
            onChange={(measure) => {
              if (measure) set(index, { measure, agg: aggregationsOf(view, measure, form.chartType)[0] ?? metric.agg });
            }}
          />
          <Select
            w={110}
            label={index === 0 ? t('dashboards.aggregation') : undefined}
            aria-label={t('dashboards.aggregation')}
            allowDeselect={false}
            value={metric.agg}
            data={aggregationsOf(view, metric.measure, form.chartType)}
            onChange={(agg) => agg && set(index, { agg })}
          />
          {form.metrics.length > 1 && (
            <ActionIcon mb={3} aria-label={t('dashboards.removeMeasure')} onClick={() => onChange({ metrics: form.metrics.filter((_, at) => at !== index) })}>
              <IconX size={14} />
            </ActionIcon>
          )}
        </Group>
      ))}
      {form.metrics.length < most && (
        <Button
          variant="subtle"
          leftSection={<IconPlus size={13} />}
          onClick={() => onChange({ metrics: [...form.metrics, { measure: view?.measures[0]?.measure ?? 'count', agg: 'count' }] })}
        >
          {t('dashboards.addMeasure')}
        </Button>
      )}
    </div>
  );
}

function DimensionLines({ form, options, error, onChange }: Omit<FieldsProps, 'faultOf'> & { error: string | null }): ReactNode {
  const { t } = useText();
  const { fieldName } = useMetricTexts();
  const view = viewOf(options, form.view);
  const [, most] = options.charts[form.chartType]?.dimensions ?? [0, 3];
  if (most === 0) return null;
  // One empty line more than is chosen, as long as there is room.
  const chosen = form.dimensions.filter((field) => field !== '');
  const lines = chosen.length < most ? [...chosen, ''] : chosen;
  const set = (index: number, field: string) => {
    const next = [...lines];
    next[index] = field;
    onChange({ dimensions: next.filter((one) => one !== '') });
  };
  return (
    <Pair align="end">
      {lines.map((field, index) => (
        <Select
          // biome-ignore lint/suspicious/noArrayIndexKey: lines have no identity of their own and are only appended and removed.
          key={index}
          label={index === 0 ? t('dashboards.dimension') : undefined}
          aria-label={t('dashboards.dimension')}
          placeholder={t('dashboards.noDimension')}
          searchable
          clearable
          clearButtonProps={{ 'aria-label': t('common.clear') }}
          error={index === 0 ? error : null}
          value={field || null}
          data={(view?.dimensions ?? []).filter((one) => one === field || !chosen.includes(one)).map((value) => ({ value, label: fieldName(value) }))}
          onChange={(value) => set(index, value ?? '')}
        />
      ))}
    </Pair>
  );
}
