// Writes an evaluator in code, or its next version, and tries it out over one real observation first.
import '#mantine-later.css';
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useRef, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { CodeEditor } from './code-editor.tsx';
import { CodeTrial } from './code-trial.tsx';
import { type CodeForm, checkCode, checkTrial, codeBodyOf, rangeOfLine, trialBodyOf } from './code-values.ts';
import styles from './evaluation.module.css';
import { useEvaluationChanges } from './use-evaluation.ts';

export function CodeDialog({ projectId, form, onClose }: { projectId: string; form: CodeForm | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const title = form?.of ? t('code.nextVersion', { name: form.of }) : t('code.create');
  return (
    <Modal opened={form !== null} onClose={onClose} size="xl" title={title} closeButtonProps={{ 'aria-label': t('common.close') }} closeOnEscape={false}>
      {form && <CodeFormView key={form.name} projectId={projectId} initial={form} onDone={onClose} />}
    </Modal>
  );
}

function CodeFormView({ projectId, initial, onDone }: { projectId: string; initial: CodeForm; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { createEvaluator, tryEvaluator } = useEvaluationChanges(projectId);
  const [form, setForm] = useState(initial);
  const [shown, setShown] = useState<'nothing' | 'trial' | 'all'>('nothing');
  const editor = useRef<HTMLTextAreaElement>(null);
  const faults = shown === 'nothing' ? {} : shown === 'all' ? checkCode(form) : checkTrial(form);
  const set = (part: Partial<CodeForm>) => setForm((old) => ({ ...old, ...part }));
  const faultOf = (field: keyof CodeForm) => (faults[field] ? t(`code.fault.${faults[field]}`) : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown('all');
    if (Object.keys(checkCode(form)).length === 0) createEvaluator.mutate(codeBodyOf(form), { onSuccess: onDone });
  };
  const tryOut = () => {
    setShown('trial');
    if (Object.keys(checkTrial(form)).length === 0) tryEvaluator.mutate(trialBodyOf(form));
  };
  const goTo = (line: number) => {
    editor.current?.focus();
    editor.current?.setSelectionRange(...rangeOfLine(form.sourceCode, line));
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('rules.name')}
          description={t('code.nameHint')}
          value={form.name}
          disabled={form.of !== null}
          error={faultOf('name')}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <CodeEditor ref={editor} value={form.sourceCode} error={faultOf('sourceCode')} onChange={(sourceCode) => set({ sourceCode })} />
        <div className={styles.trial}>
          {(['traceId', 'observationId'] as const).map((field) => (
            <TextInput
              key={field}
              label={t(`code.${field}`)}
              placeholder={t('code.newest')}
              value={form[field]}
              error={faultOf(field)}
              onChange={(event) => set({ [field]: event.currentTarget.value })}
            />
          ))}
          <Button variant="default" mt={20} loading={tryEvaluator.isPending} onClick={tryOut} title={t('code.tryHint')}>
            {t('code.try')}
          </Button>
        </div>
        {tryEvaluator.error && <ErrorState error={tryEvaluator.error} />}
        {tryEvaluator.data && !tryEvaluator.isPending && <CodeTrial projectId={projectId} trial={tryEvaluator.data} onGoTo={goTo} />}
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
