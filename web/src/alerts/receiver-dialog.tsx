// Makes or changes a receiver. Its address is sealed and never shown: a change types it anew.
import '#mantine-later.css';
import type { ConsoleAlertReceiver } from '@genai/server/contract-metrics';
import { Button, Group, Modal, PasswordInput, Select, Stack, TagsInput, Text, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { Pair } from '#metrics/editor.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { checkReceiverForm, EMPTY_RECEIVER, KINDS, type Kind, type ReceiverForm, receiverBodyOf } from './receiver-values.ts';
import { useAlertChanges } from './use-alerts.ts';

interface DialogProps {
  projectId: string;
  opened: boolean;
  /** null = a new one. */
  receiver: ConsoleAlertReceiver | null;
  mailServer: boolean;
  onClose: () => void;
}

export function ReceiverDialog({ opened, receiver, onClose, ...rest }: DialogProps): ReactNode {
  const { t } = useText();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={receiver === null ? t('alerts.createReceiver') : t('alerts.editOf', { name: receiver.name })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {opened && <Form key={receiver?.id ?? 'new'} receiver={receiver} onClose={onClose} {...rest} />}
    </Modal>
  );
}

function formOf(receiver: ConsoleAlertReceiver | null, language: string): ReceiverForm {
  if (receiver === null) return { ...EMPTY_RECEIVER, language };
  const to = receiver.kind === 'email' ? receiver.target.split(', ') : [];
  return { ...EMPTY_RECEIVER, kind: receiver.kind, name: receiver.name, language: receiver.language, to };
}

function Form({ projectId, receiver, mailServer, onClose }: Omit<DialogProps, 'opened'>): ReactNode {
  const { t, language } = useText();
  const { putReceiver } = useAlertChanges(projectId);
  const [form, setForm] = useState<ReceiverForm>(() => formOf(receiver, language));
  const [shown, setShown] = useState(false);
  const faults = checkReceiverForm(form);
  const faultOf = (field: keyof ReceiverForm) => (shown && faults[field] ? t(`alerts.fault.${faults[field]}`) : null);
  const set = (part: Partial<ReceiverForm>) => setForm({ ...form, ...part });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length === 0) putReceiver.mutate({ id: receiver?.id ?? null, body: receiverBodyOf(form) }, { onSuccess: onClose });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('alerts.name')}
          value={form.name}
          error={faultOf('name')}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <Pair>
          <Select
            label={t('alerts.way')}
            allowDeselect={false}
            value={form.kind}
            data={KINDS.map((value) => ({ value, label: t(`alerts.way.${value}`), disabled: value === 'email' && !mailServer }))}
            onChange={(kind) => kind && set({ kind: kind as Kind })}
          />
          <Select
            label={t('alerts.language')}
            allowDeselect={false}
            value={form.language}
            data={[
              { value: 'en', label: 'English' },
              { value: 'ja', label: '日本語' },
            ]}
            onChange={(value) => value && set({ language: value })}
          />
        </Pair>
        {!mailServer && (
          <Text size="xs" c="dimmed">
            {t('alerts.noMailServer')}
          </Text>
        )}
        {form.kind === 'email' ? (
          <TagsInput label={t('alerts.addresses')} value={form.to} error={faultOf('to')} onChange={(to) => set({ to })} />
        ) : (
          <TextInput
            label={t('alerts.url')}
            description={receiver === null ? t(`alerts.urlHint.${form.kind}`) : t('alerts.urlAgain', { target: receiver.target })}
            placeholder="https://"
            value={form.url}
            error={faultOf('url')}
            onChange={(event) => set({ url: event.currentTarget.value })}
          />
        )}
        {form.kind === 'webhook' && (
          <PasswordInput
            size="xs"
            label={t('alerts.secret')}
            description={receiver === null ? t('alerts.secretHint') : t('alerts.secretKept')}
            value={form.secret}
            error={faultOf('secret')}
            autoComplete="off"
            onChange={(event) => set({ secret: event.currentTarget.value })}
          />
        )}
        {putReceiver.error && <ErrorState error={putReceiver.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={putReceiver.isPending}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
