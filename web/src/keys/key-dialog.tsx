// Creates a key and shows its plaintext once, or edits the limits of one.
import '#mantine-later.css';
import { Alert, Button, Group, Modal, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { modelsQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useSession } from '#lib/session.tsx';
import { CodeBlock } from '#ui/code-block.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { FirstCall } from '#ui/first-call.tsx';
import { checkForm, EMPTY_FORM, type FormFault, formOf, type KeyForm, type VirtualKeyRow } from './key-values.ts';
import styles from './keys.module.css';
import { type CreatedKey, useKeyChanges } from './use-keys.ts';

export function KeyDialog({ opened, row, onClose }: { opened: boolean; row: VirtualKeyRow | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const [created, setCreated] = useState<CreatedKey | null>(null);
  const close = () => {
    setCreated(null);
    onClose();
  };
  const title = created ? t('keys.created') : row ? t('keys.editTitle', { name: row.key_alias ?? row.key_name ?? '' }) : t('keys.create');
  return (
    <Modal
      opened={opened || created !== null}
      onClose={close}
      title={title}
      size="lg"
      // The plaintext is shown once: a click beside the dialog must not lose it.
      closeOnClickOutside={created === null}
      closeOnEscape={created === null}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {created ? (
        <CreatedKeyView created={created} onDone={close} />
      ) : (
        <KeyFormView key={row?.token ?? 'new'} row={row} onCreated={setCreated} onDone={close} />
      )}
    </Modal>
  );
}

function CreatedKeyView({ created, onDone }: { created: CreatedKey; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { doors } = useSession();
  return (
    <Stack gap="md">
      <Alert color="yellow" icon={<IconAlertTriangle size={18} />}>
        {t('keys.once')}
      </Alert>
      <div className={styles.secret}>
        <CodeBlock text={created.key} wrap label={t('keys.copyKey')} />
      </div>
      <FirstCall gateway={doors.gateway} apiKey={created.key} allowed={created.models ?? []} />
      <Group justify="flex-end">
        <Button onClick={onDone}>{t('keys.stored')}</Button>
      </Group>
    </Stack>
  );
}

interface FormProps {
  row: VirtualKeyRow | null;
  onCreated: (created: CreatedKey) => void;
  onDone: () => void;
}

function KeyFormView({ row, onCreated, onDone }: FormProps): ReactNode {
  const { t } = useText();
  const { create, update } = useKeyChanges();
  const [form, setForm] = useState<KeyForm>(row ? formOf(row) : EMPTY_FORM);
  const [shown, setShown] = useState(false);
  const faults = checkForm(form);
  const busy = create.isPending || update.isPending;
  const error = create.error ?? update.error;
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length > 0) return;
    // The dialog shows the failure itself, below the fields.
    if (row) await update.mutateAsync({ token: row.token, form }).then(onDone, () => undefined);
    else await create.mutateAsync(form).then(onCreated, () => undefined);
  };
  const set = <Field extends keyof KeyForm>(field: Field, value: KeyForm[Field]) => setForm((old) => ({ ...old, [field]: value }));
  const faultText = (fault: FormFault | undefined) => (shown && fault ? t(`keys.fault.${fault}`) : null);
  const text = (
    field: Exclude<keyof KeyForm, 'models'>,
    label: string,
    extra: { description?: string; placeholder?: string; inputMode?: 'numeric' | 'decimal' } = {},
  ) => <TextInput label={label} value={form[field]} error={faultText(faults[field])} onChange={(event) => set(field, event.currentTarget.value)} {...extra} />;
  return (
    <form onSubmit={(event) => void submit(event)} noValidate>
      <Stack gap="sm">
        {text('alias', t('keys.alias'), { placeholder: 'team-a-chatbot' })}
        <ModelsField value={form.models} onChange={(models) => set('models', models)} />
        <div className={styles.pair}>
          {text('maxBudget', t('keys.maxBudget'), { inputMode: 'decimal', placeholder: t('keys.noBudget'), description: t('keys.maxBudgetHint') })}
          <ExpiryField value={form.duration} editing={row !== null} onChange={(duration) => set('duration', duration)} />
        </div>
        <div className={styles.pair}>
          {text('rpm', t('keys.rpm'), { inputMode: 'numeric', placeholder: t('keys.unlimited') })}
          {text('tpm', t('keys.tpm'), { inputMode: 'numeric', placeholder: t('keys.unlimited') })}
          {text('parallel', t('keys.parallel'), { inputMode: 'numeric', placeholder: t('keys.unlimited') })}
        </div>
        <div className={styles.pair}>
          {text('teamId', t('keys.teamId'), { placeholder: t('common.none') })}
          {text('userId', t('keys.userId'), { placeholder: t('common.none') })}
        </div>
        {error && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs" mt="xs">
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={busy}>
            {row ? t('common.save') : t('keys.create')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

function ModelsField({ value, onChange }: { value: string[]; onChange: (models: string[]) => void }): ReactNode {
  const { t } = useText();
  const models = useQuery(modelsQuery);
  return (
    <TagsInput
      label={t('keys.models')}
      description={t('keys.modelsHint')}
      placeholder={value.length === 0 ? t('keys.allModels') : ''}
      data={models.data?.data.map((model) => model.name) ?? []}
      value={value}
      onChange={onChange}
      clearable
    />
  );
}

const DURATIONS = ['1d', '7d', '30d', '90d', '365d'] as const;

function ExpiryField({ value, editing, onChange }: { value: string; editing: boolean; onChange: (duration: string) => void }): ReactNode {
  const { t } = useText();
  const data = [
    ...(editing ? [{ value: 'keep', label: t('keys.keepExpiry') }] : []),
    { value: 'never', label: t('keys.never') },
    ...DURATIONS.map((duration) => ({ value: duration, label: t('keys.inDays', { count: Number.parseInt(duration, 10) }) })),
  ];
  return (
    <Select
      label={t('keys.expires')}
      description={t('keys.expiresHint')}
      allowDeselect={false}
      data={data}
      value={value === '' ? 'never' : value}
      onChange={(chosen) => onChange(chosen === null || chosen === 'never' ? '' : chosen)}
    />
  );
}
