// Makes or changes a widget, with its chart drawn while it is made.
import '#mantine-later.css';
import type { ConsoleMetricsOptions, ConsoleWidget } from '@genai/server/contract-metrics';
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import type { TimeRange } from '#lib/time-range.ts';
import { ChartPanel } from '#metrics/chart-panel.tsx';
import { EditorFrame, Preview } from '#metrics/editor.tsx';
import { metricsOptionsQuery } from '#metrics/use-metrics.ts';
import { ErrorState } from '#ui/error-state.tsx';
import styles from './dashboards.module.css';
import { useDashboardChanges } from './use-dashboards.ts';
import { WidgetFields } from './widget-fields.tsx';
import { checkWidgetForm, EMPTY_WIDGET, fitted, queryOf, type WidgetForm, widgetBodyOf, widgetFormOf } from './widget-values.ts';

interface DialogProps {
  projectId: string;
  opened: boolean;
  /** null = a new one. */
  widget: ConsoleWidget | null;
  range: TimeRange;
  onClose: () => void;
  onSaved: (widget: ConsoleWidget) => void;
}

export function WidgetDialog({ projectId, opened, widget, range, onClose, onSaved }: DialogProps): ReactNode {
  const { t } = useText();
  const options = useQuery({ ...metricsOptionsQuery(projectId), enabled: opened });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={1040}
      title={widget === null ? t('dashboards.newWidget') : t('dashboards.editWidget', { name: widget.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {options.error && <ErrorState error={options.error} onRetry={() => void options.refetch()} />}
      {opened && options.data && (
        <Editor key={widget?.id ?? 'new'} projectId={projectId} widget={widget} range={range} options={options.data} onClose={onClose} onSaved={onSaved} />
      )}
    </Modal>
  );
}

function Editor({ projectId, widget, range, options, onClose, onSaved }: Omit<DialogProps, 'opened'> & { options: ConsoleMetricsOptions }): ReactNode {
  const { t } = useText();
  const { createWidget, changeWidget } = useDashboardChanges(projectId);
  const [form, setForm] = useState<WidgetForm>(() => (widget === null ? EMPTY_WIDGET : widgetFormOf(widget, options)));
  const [shown, setShown] = useState(false);
  const [previewed] = useDebouncedValue(form, 350);
  const faults = checkWidgetForm(form, options);
  const faultOf = (field: keyof WidgetForm) => (shown && faults[field] ? t(`dashboards.fault.${faults[field]}`) : null);
  const set = (part: Partial<WidgetForm>) => setForm(fitted({ ...form, ...part }, options));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length > 0) return;
    const body = widgetBodyOf(form, options);
    if (widget === null) createWidget.mutate(body, { onSuccess: onSaved });
    else changeWidget.mutate({ id: widget.id, body }, { onSuccess: onSaved });
  };
  const previewFaults = checkWidgetForm({ ...previewed, name: 'x' }, options);
  const error = createWidget.error ?? changeWidget.error;
  return (
    <form onSubmit={submit} noValidate>
      <EditorFrame>
        <Stack gap="sm">
          <TextInput
            data-autofocus
            label={t('dashboards.name')}
            value={form.name}
            error={faultOf('name')}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <TextInput label={t('dashboards.description')} value={form.description} onChange={(event) => set({ description: event.currentTarget.value })} />
          <WidgetFields form={form} options={options} faultOf={faultOf} onChange={set} />
        </Stack>
        <Preview label={t('dashboards.preview')}>
          <div className={styles.head}>
            <h3 className={`${styles.title} truncate`}>{form.name || t('dashboards.preview')}</h3>
          </div>
          {Object.keys(previewFaults).length > 0 ? (
            <span className="quiet">{t('dashboards.fault.dimension')}</span>
          ) : (
            <ChartPanel projectId={projectId} query={queryOf(previewed, options)} range={range} further={[]} options={options} refreshMs={false} />
          )}
        </Preview>
      </EditorFrame>
      {error && <ErrorState error={error} />}
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={createWidget.isPending || changeWidget.isPending}>
          {t('common.save')}
        </Button>
      </Group>
    </form>
  );
}
