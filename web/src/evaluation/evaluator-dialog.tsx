// Writes an evaluator, or its next version: the prompt with its variables, the form of the verdict, the model.
import '#mantine-later.css';
import { Button, Group, Modal, SegmentedControl, Stack, Switch, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import styles from './evaluation.module.css';
import { checkEvaluator, type EvaluatorForm, evaluatorBodyOf, variablesOf } from './evaluator-values.ts';
import { ModelFields } from './model-fields.tsx';
import { useEvaluationChanges } from './use-evaluation.ts';

export function EvaluatorDialog({ projectId, form, onClose }: { projectId: string; form: EvaluatorForm | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const title = form?.of ? t('evaluators.nextVersion', { name: form.of }) : t('evaluators.create');
  return (
    <Modal opened={form !== null} onClose={onClose} size="xl" title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {form && <EvaluatorFormView key={form.name} projectId={projectId} initial={form} onDone={onClose} />}
    </Modal>
  );
}

function EvaluatorFormView({ projectId, initial, onDone }: { projectId: string; initial: EvaluatorForm; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { createEvaluator } = useEvaluationChanges(projectId);
  const [form, setForm] = useState(initial);
  const [shown, setShown] = useState(false);
  const faults = checkEvaluator(form);
  const set = (part: Partial<EvaluatorForm>) => setForm((old) => ({ ...old, ...part }));
  const faultOf = (field: keyof EvaluatorForm) => (shown && faults[field] ? t(`evaluators.fault.${faults[field]}`) : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length === 0) createEvaluator.mutate(evaluatorBodyOf(form), { onSuccess: onDone });
  };
  const variables = variablesOf(form.prompt);
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('rules.name')}
          description={t('evaluators.nameHint')}
          value={form.name}
          disabled={form.of !== null}
          error={faultOf('name')}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <Textarea
          size="xs"
          label={t('evaluators.prompt')}
          description={t('evaluators.promptHint')}
          rows={12}
          styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)' } }}
          value={form.prompt}
          error={faultOf('prompt')}
          onChange={(event) => set({ prompt: event.currentTarget.value })}
        />
        <Text size="xs" c="dimmed">
          {t('evaluators.variables')}: {variables.length === 0 ? t('common.none') : variables.map((name) => `{{${name}}}`).join(' ')}
        </Text>
        <OutputFields form={form} faultOf={faultOf} set={set} />
        <Switch label={t('evaluators.ownModel')} checked={form.ownModel} onChange={(event) => set({ ownModel: event.currentTarget.checked })} />
        {form.ownModel && (
          <Group gap="xs" align="flex-start" wrap="nowrap">
            <ModelFields projectId={projectId} value={form} error={faultOf('model')} onChange={set} />
          </Group>
        )}
        {createEvaluator.error && <ErrorState error={createEvaluator.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={createEvaluator.isPending}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

interface OutputProps {
  form: EvaluatorForm;
  faultOf: (field: keyof EvaluatorForm) => string | null;
  set: (part: Partial<EvaluatorForm>) => void;
}

function OutputFields({ form, faultOf, set }: OutputProps): ReactNode {
  const { t } = useText();
  return (
    <>
      <SegmentedControl
        size="xs"
        aria-label={t('evaluators.dataType')}
        value={form.dataType}
        data={[
          { value: 'NUMERIC', label: t('evaluators.numeric') },
          { value: 'BOOLEAN', label: t('evaluators.boolean') },
          { value: 'CATEGORICAL', label: t('evaluators.categorical') },
        ]}
        onChange={(dataType) => set({ dataType: dataType as EvaluatorForm['dataType'] })}
      />
      <div className={styles.pair}>
        <TextInput label={t('evaluators.score')} value={form.score} error={faultOf('score')} onChange={(event) => set({ score: event.currentTarget.value })} />
        <TextInput label={t('evaluators.reasoning')} value={form.reasoning} onChange={(event) => set({ reasoning: event.currentTarget.value })} />
      </div>
      {form.dataType === 'NUMERIC' && (
        <div className={styles.pair}>
          <TextInput label={t('evaluators.min')} inputMode="decimal" value={form.minValue} onChange={(event) => set({ minValue: event.currentTarget.value })} />
          <TextInput
            label={t('evaluators.max')}
            inputMode="decimal"
            value={form.maxValue}
            error={faultOf('maxValue')}
            onChange={(event) => set({ maxValue: event.currentTarget.value })}
          />
        </div>
      )}
      {form.dataType === 'CATEGORICAL' && (
        <>
          <TagsInput label={t('evaluators.categories')} value={form.categories} error={faultOf('categories')} onChange={(categories) => set({ categories })} />
          <Switch label={t('evaluators.several')} checked={form.several} onChange={(event) => set({ several: event.currentTarget.checked })} />
        </>
      )}
    </>
  );
}
