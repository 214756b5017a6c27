// Makes or changes a rule: what is measured, when it fires, who is told; with the preview beside.
import '#mantine-later.css';
import type { ConsoleAlertRule, ConsoleMetricsOptions } from '@genai/server/contract-metrics';
import { Button, Group, Modal, MultiSelect, SegmentedControl, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { type TextKey, useText } from '#i18n/i18n.ts';
import { aggregationsOf, measuresOf, viewOf } from '#metrics/choices.ts';
import { ConditionLines } from '#metrics/condition-lines.tsx';
import { EditorFrame, Pair } from '#metrics/editor.tsx';
import { unitOf } from '#metrics/units.ts';
import { useMetricTexts } from '#metrics/use-metric-texts.ts';
import { metricsOptionsQuery } from '#metrics/use-metrics.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { RulePreview } from './rule-preview.tsx';
import { COMPARISONS, checkRuleForm, EMPTY_RULE, fittedRule, NO_DATA, type RuleForm, ruleBodyOf, ruleFormOf, SEVERITIES, SUFFIX } from './rule-values.ts';
import { alertReceiversQuery, useAlertChanges } from './use-alerts.ts';

interface DialogProps {
  projectId: string;
  opened: boolean;
  /** null = a new one. */
  rule: ConsoleAlertRule | null;
  onClose: () => void;
}

export function RuleDialog({ projectId, opened, rule, onClose }: DialogProps): ReactNode {
  const { t } = useText();
  const options = useQuery({ ...metricsOptionsQuery(projectId), enabled: opened });
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size={1080}
      title={rule === null ? t('alerts.create') : t('alerts.editOf', { name: rule.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {options.error && <ErrorState error={options.error} onRetry={() => void options.refetch()} />}
      {opened && options.data && <Editor key={rule?.id ?? 'new'} projectId={projectId} rule={rule} options={options.data} onClose={onClose} />}
    </Modal>
  );
}

function Editor({ projectId, rule, options, onClose }: Omit<DialogProps, 'opened'> & { options: ConsoleMetricsOptions }): ReactNode {
  const { t } = useText();
  const { putRule } = useAlertChanges(projectId);
  const [form, setForm] = useState<RuleForm>(() => (rule === null ? EMPTY_RULE : ruleFormOf(rule, options)));
  const [shown, setShown] = useState(false);
  const faults = checkRuleForm(form);
  const faultOf = (field: keyof RuleForm) => (shown && faults[field] ? t(`alerts.fault.${faults[field]}`) : null);
  const set = (part: Partial<RuleForm>) => setForm(fittedRule({ ...form, ...part }, options));
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length === 0) putRule.mutate({ id: rule?.id ?? null, body: ruleBodyOf(form, options) }, { onSuccess: onClose });
  };
  const fields = { form, options, faultOf, set };
  return (
    <form onSubmit={submit} noValidate>
      <EditorFrame>
        <Stack gap="sm">
          <TextInput
            data-autofocus
            label={t('alerts.name')}
            value={form.name}
            error={faultOf('name')}
            onChange={(event) => set({ name: event.currentTarget.value })}
          />
          <TextInput label={t('alerts.description')} value={form.description} onChange={(event) => set({ description: event.currentTarget.value })} />
          <SegmentedControl
            size="xs"
            aria-label={t('alerts.kind')}
            value={form.kind}
            data={(['threshold', 'silence'] as const).map((value) => ({ value, label: t(`alerts.kind.${value}`) }))}
            onChange={(kind) => set({ kind: kind as RuleForm['kind'] })}
          />
          <Measure {...fields} />
          <ConditionLines columns={viewOf(options, form.view)?.filters ?? []} lines={form.lines} others={form.others} onChange={(lines) => set({ lines })} />
          <Firing {...fields} />
          <Told projectId={projectId} {...fields} />
          {rule !== null && rule.state === 'firing' && (
            <Text size="xs" c="dimmed">
              {t('alerts.changeEnds')}
            </Text>
          )}
        </Stack>
        <RulePreview projectId={projectId} form={form} options={options} />
      </EditorFrame>
      {putRule.error && <ErrorState error={putRule.error} />}
      <Group justify="flex-end" gap="xs" mt="md">
        <Button variant="default" onClick={onClose}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" loading={putRule.isPending}>
          {t('common.save')}
        </Button>
      </Group>
    </form>
  );
}

interface FieldsProps {
  form: RuleForm;
  options: ConsoleMetricsOptions;
  faultOf: (field: keyof RuleForm) => string | null;
  set: (part: Partial<RuleForm>) => void;
}

function Measure({ form, options, set }: FieldsProps): ReactNode {
  const { t } = useText();
  const { measureName } = useMetricTexts();
  const view = viewOf(options, form.view);
  return (
    <Pair>
      <Select
        label={t('alerts.view')}
        allowDeselect={false}
        value={form.view}
        data={options.views.map((one) => ({ value: one.view, label: t(`metrics.view.${one.view}` as TextKey) }))}
        onChange={(value) => value && set({ view: value })}
      />
      {form.kind === 'threshold' && (
        <>
          <Select
            label={t('alerts.measure')}
            allowDeselect={false}
            searchable
            value={form.measure}
            data={measuresOf(view, 'NUMBER').map((value) => ({ value, label: measureName(value) }))}
            onChange={(value) => value && set({ measure: value })}
          />
          <Select
            label={t('alerts.aggregation')}
            allowDeselect={false}
            value={form.aggregation}
            data={aggregationsOf(view, form.measure, 'NUMBER')}
            onChange={(value) => value && set({ aggregation: value })}
          />
        </>
      )}
    </Pair>
  );
}

function Firing({ form, faultOf, set }: FieldsProps): ReactNode {
  const { t } = useText();
  const minutes = (field: 'windowMinutes' | 'forMinutes', label: string) => (
    <TextInput label={label} inputMode="numeric" value={form[field]} error={faultOf(field)} onChange={(event) => set({ [field]: event.currentTarget.value })} />
  );
  return (
    <>
      {form.kind === 'threshold' && (
        <Pair>
          <Select
            label={t('alerts.comparison')}
            allowDeselect={false}
            value={form.comparison}
            data={[...COMPARISONS]}
            onChange={(value) => value && set({ comparison: value })}
          />
          <TextInput
            label={t('alerts.threshold')}
            inputMode="decimal"
            value={form.threshold}
            error={faultOf('threshold')}
            rightSectionWidth={44}
            rightSection={<span className="quiet">{SUFFIX[unitOf(form.measure, form.aggregation)]}</span>}
            onChange={(event) => set({ threshold: event.currentTarget.value })}
          />
          <Select
            label={t('alerts.noData')}
            allowDeselect={false}
            value={form.whenNoData}
            data={NO_DATA.map((value) => ({ value, label: t(`alerts.noData.${value}`) }))}
            onChange={(value) => value && set({ whenNoData: value })}
          />
        </Pair>
      )}
      <Pair>
        {minutes('windowMinutes', form.kind === 'silence' ? t('alerts.silentMinutes') : t('alerts.window'))}
        {minutes('forMinutes', t('alerts.for'))}
        <Select
          label={t('alerts.severity')}
          allowDeselect={false}
          value={form.severity}
          data={SEVERITIES.map((value) => ({ value, label: t(`alerts.severity.${value}`) }))}
          onChange={(value) => value && set({ severity: value })}
        />
      </Pair>
    </>
  );
}

function Told({ projectId, form, set }: FieldsProps & { projectId: string }): ReactNode {
  const { t } = useText();
  const receivers = useQuery(alertReceiversQuery(projectId)).data?.data ?? [];
  return (
    <MultiSelect
      size="xs"
      label={t('alerts.receivers')}
      description={receivers.length === 0 ? t('alerts.noReceiversYet') : undefined}
      value={form.receiverIds}
      data={receivers.map(({ id, name }) => ({ value: id, label: name }))}
      onChange={(receiverIds) => set({ receiverIds })}
    />
  );
}
