// Makes or replaces an LLM connection, and tries one out.

import '#mantine-later.css';
import type { ConsoleLlmConnection } from '@genai/server/contract';
import { Alert, Button, Group, Modal, PasswordInput, Select, Stack, TagsInput, Text, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { type Adapter, ASKABLE, type ConnectionForm, checkConnection, connectionFormOf, EMPTY_CONNECTION } from './connection-values.ts';
import { useConnectionChanges } from './use-connections.ts';

interface DialogProps {
  projectId: string;
  row: ConsoleLlmConnection | null;
  opened: boolean;
  onClose: () => void;
}

export function ConnectionDialog({ projectId, row, opened, onClose }: DialogProps): ReactNode {
  const { t } = useText();
  const title = row === null ? t('connections.create') : t('connections.editTitle', { name: row.provider });
  return (
    <Modal opened={opened} onClose={onClose} title={title} size="lg" closeButtonProps={{ 'aria-label': t('common.close') }}>
      {opened && <ConnectionFormView key={row?.id ?? 'new'} projectId={projectId} row={row} onDone={onClose} />}
    </Modal>
  );
}

function ConnectionFormView({ projectId, row, onDone }: { projectId: string; row: ConsoleLlmConnection | null; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { put } = useConnectionChanges(projectId);
  const [form, setForm] = useState<ConnectionForm>(row === null ? EMPTY_CONNECTION : connectionFormOf(row));
  const [shown, setShown] = useState(false);
  const faults = checkConnection(form);
  const set = <Field extends keyof ConnectionForm>(field: Field, value: ConnectionForm[Field]) => setForm((old) => ({ ...old, [field]: value }));
  const faultOf = (field: keyof ConnectionForm) => (shown && faults[field] ? t(`connections.fault.${faults[field]}`) : null);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(faults).length === 0) put.mutate(form, { onSuccess: onDone });
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <TextInput
          data-autofocus
          label={t('connections.name')}
          description={t('connections.nameHint')}
          value={form.provider}
          disabled={row !== null}
          error={faultOf('provider')}
          onChange={(event) => set('provider', event.currentTarget.value)}
        />
        <Select
          label={t('connections.adapter')}
          allowDeselect={false}
          value={form.adapter}
          data={[...ASKABLE]}
          onChange={(value) => value !== null && set('adapter', value as Adapter)}
        />
        <PasswordInput
          size="xs"
          label={t('connections.secret')}
          description={t('connections.secretHint')}
          value={form.secretKey}
          autoComplete="off"
          error={faultOf('secretKey')}
          visibilityToggleButtonProps={{ 'aria-label': t('connections.showSecret') }}
          onChange={(event) => set('secretKey', event.currentTarget.value)}
        />
        <TextInput
          label={t('connections.address')}
          description={t('connections.addressHint')}
          placeholder="https://…"
          value={form.baseURL}
          error={faultOf('baseURL')}
          onChange={(event) => set('baseURL', event.currentTarget.value)}
        />
        <TagsInput
          label={t('connections.models')}
          description={t('connections.modelsHint')}
          value={form.customModels}
          onChange={(models) => set('customModels', models)}
        />
        <Textarea
          size="xs"
          label={t('connections.headers')}
          placeholder="X-Team: support"
          rows={2}
          value={form.extraHeaders}
          error={faultOf('extraHeaders')}
          onChange={(event) => set('extraHeaders', event.currentTarget.value)}
        />
        {put.error && <ErrorState error={put.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={put.isPending}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** One short question to a model of the connection. */
export function TryDialog({ projectId, row, onClose }: { projectId: string; row: ConsoleLlmConnection | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const { test } = useConnectionChanges(projectId);
  const [model, setModel] = useState('');
  const close = () => {
    test.reset();
    onClose();
  };
  const asked = model || (row?.customModels[0] ?? '');
  return (
    <Modal
      opened={row !== null}
      onClose={close}
      title={t('connections.tryTitle', { name: row?.provider ?? '' })}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {row && (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (asked !== '') test.mutate({ id: row.id, model: asked });
          }}
        >
          <Stack gap="sm">
            <TextInput data-autofocus label={t('common.model')} value={asked} onChange={(event) => setModel(event.currentTarget.value)} />
            {test.error && <ErrorState error={test.error} />}
            {test.data && (
              <Alert color="teal" title={t('connections.works', { ms: test.data.latencyMs })}>
                <Text size="sm">{test.data.text}</Text>
              </Alert>
            )}
            <Group justify="flex-end">
              <Button type="submit" loading={test.isPending}>
                {t('connections.try')}
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  );
}
