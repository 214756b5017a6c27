// Makes or changes a rule: what is judged, by whom, how often, and what fills the judge's variables.
import '#mantine-later.css';
import type { ConsoleRule } from '@genai/server/contract';
import { Button, Group, Modal, Select, Stack, Switch, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { FilterLines } from '#ui/filter-lines.tsx';
import styles from './evaluation.module.css';
import { COLUMNS, checkRule, EMPTY_RULE, mappingFor, type RuleForm, ruleBodyOf, ruleFormOf, SOURCES, TARGETS, type Target } from './rule-values.ts';
import { evaluatorsQuery, useEvaluationChanges } from './use-evaluation.ts';

interface DialogProps {
  projectId: string;
  opened: boolean;
  row: ConsoleRule | null;
  onClose: () => void;
}

export function RuleDialog({ projectId, opened, row, onClose }: DialogProps): ReactNode {
  const { t } = useText();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={row === null ? t('rules.create') : t('rules.editTitle', { name: row.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {opened && <RuleFormView key={row?.id ?? 'new'} projectId={projectId} row={row} onDone={onClose} />}
    </Modal>
  );
}

function RuleFormView({ projectId, row, onDone }: { projectId: string; row: ConsoleRule | null; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { createRule, changeRule } = useEvaluationChanges(projectId);
  const [typed, setForm] = useState<RuleForm>(row === null ? EMPTY_RULE : ruleFormOf(row));
  const [shown, setShown] = useState(false);
  const evaluators = useQuery(evaluatorsQuery(projectId)).data?.data ?? [];
  const chosen = evaluators.find(({ name }) => name === typed.evaluator);
  const form = { ...typed, mapping: mappingFor(chosen, typed.target, typed.mapping) };
  const faults = checkRule(form);
  const set = (part: Partial<RuleForm>) => setForm({ ...form, ...part });
  const faultOf = (field: keyof RuleForm) => (shown && faults[field] ? t(`rules.fault.${faults[field]}`) : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length > 0) return;
    if (row === null) createRule.mutate(ruleBodyOf(form), { onSuccess: onDone });
    else changeRule.mutate({ id: row.id, body: ruleBodyOf(form) }, { onSuccess: onDone });
  };
  const error = createRule.error ?? changeRule.error;
  const number = (field: 'sampling' | 'delaySeconds' | 'maxCostPerDay', label: string, placeholder: string) => (
    <TextInput
      label={label}
      placeholder={placeholder}
      inputMode="decimal"
      value={form[field]}
      error={faultOf(field)}
      onChange={(event) => set({ [field]: event.currentTarget.value })}
    />
  );
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('rules.name')}
          value={form.name}
          error={faultOf('name')}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <div className={styles.pair}>
          <Select
            label={t('rules.target')}
            allowDeselect={false}
            value={form.target}
            data={TARGETS.map((target) => ({ value: target, label: t(`rules.target.${target}`) }))}
            onChange={(target) => target && set({ target: target as Target, lines: [] })}
          />
          <Select
            label={t('rules.evaluator')}
            searchable
            value={form.evaluator || null}
            data={evaluators.map(({ name }) => name)}
            error={faultOf('evaluator')}
            onChange={(evaluator) => set({ evaluator: evaluator ?? '', mapping: [] })}
          />
        </div>
        {form.rest.length > 0 && (
          <Text size="xs" c="dimmed">
            {t('rules.furtherEvaluators', { names: form.rest.map(({ evaluator }) => evaluator.name).join(', ') })}
          </Text>
        )}
        {form.mapping.length > 0 && <MappingLines form={form} error={faultOf('mapping')} onChange={(mapping) => set({ mapping })} />}
        <FilterLines columns={COLUMNS[form.target]} lines={form.lines} onChange={(lines) => set({ lines })} />
        {form.others.length > 0 && (
          <Text size="xs" c="dimmed">
            {t('rules.otherConditions', { count: form.others.length })}
          </Text>
        )}
        <div className={styles.pair}>
          {number('sampling', t('rules.sampling'), '100')}
          {number('delaySeconds', t('rules.delay'), t('rules.delayDefault'))}
          {number('maxCostPerDay', t('rules.maxCost'), t('rules.noLimit'))}
        </div>
        <Switch label={t('rules.enabled')} checked={form.enabled} onChange={(event) => set({ enabled: event.currentTarget.checked })} />
        {error && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={createRule.isPending || changeRule.isPending}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function MappingLines({ form, error, onChange }: { form: RuleForm; error: string | null; onChange: (mapping: RuleForm['mapping']) => void }): ReactNode {
  const { t } = useText();
  const set = (variable: string, part: { source?: string; jsonPath?: string }) =>
    onChange(form.mapping.map((line) => (line.variable === variable ? { ...line, ...part } : line)));
  return (
    <Stack gap={6}>
      <Text size="xs" fw={500}>
        {t('rules.mapping')}
      </Text>
      {form.mapping.map((line) => (
        <Group key={line.variable} gap={6} wrap="nowrap">
          <Text size="sm" ff="monospace" w={150} truncate>{`{{${line.variable}}}`}</Text>
          <Select
            style={{ flex: 1 }}
            aria-label={t('rules.sourceOf', { variable: line.variable })}
            value={line.source || null}
            data={[...SOURCES[form.target]]}
            error={line.source === '' ? error : null}
            onChange={(source) => set(line.variable, { source: source ?? '' })}
          />
          <TextInput
            style={{ flex: 1 }}
            aria-label={t('rules.pathOf', { variable: line.variable })}
            placeholder="$.messages[0].content"
            value={line.jsonPath}
            onChange={(event) => set(line.variable, { jsonPath: event.currentTarget.value })}
          />
        </Group>
      ))}
    </Stack>
  );
}
