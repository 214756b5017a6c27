// Keeps a draft as a new version of a prompt, new or known.
import '#mantine-later.css';
import { Anchor, Autocomplete, Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { type PromptVersion, promptsQuery, usePromptChanges } from '#prompts/use-prompts.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { type Draft, versionOf } from './draft.ts';

interface Props {
  opened: boolean;
  projectId: string;
  draft: Draft;
  source: PromptVersion | null;
  onClose: () => void;
}

export function SaveDialog({ opened, onClose, ...rest }: Props): ReactNode {
  const { t } = useText();
  return (
    <Modal opened={opened} onClose={onClose} title={t('playground.save')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <SaveForm onClose={onClose} {...rest} />
    </Modal>
  );
}

function SaveForm({ projectId, draft, source, onClose }: Omit<Props, 'opened'>): ReactNode {
  const { t } = useText();
  const { create } = usePromptChanges(projectId);
  const known = useQuery(promptsQuery(projectId));
  const [name, setName] = useState(source?.name ?? '');
  const [message, setMessage] = useState('');
  const meta = known.data?.find((prompt) => prompt.name === name.trim());
  const submit = (event: FormEvent) => {
    event.preventDefault();
    const { type, prompt, config } = versionOf(draft, meta?.type ?? 'chat');
    const tags = meta === undefined ? {} : { tags: meta.tags };
    create.mutate({ name: name.trim(), type, prompt, config, labels: [], ...tags, ...(message.trim() === '' ? {} : { commitMessage: message.trim() }) });
  };
  if (create.data)
    return (
      <Stack gap="md">
        <Text>
          <Anchor
            renderRoot={(props) => (
              <Link
                to="/project/$projectId/prompts/$promptName"
                params={{ projectId, promptName: create.data.name }}
                search={{ version: String(create.data.version) }}
                {...props}
              />
            )}
          >
            {t('playground.saved', { name: create.data.name, version: create.data.version })}
          </Anchor>
        </Text>
        <Group justify="flex-end">
          <Button data-autofocus onClick={onClose}>
            {t('common.close')}
          </Button>
        </Group>
      </Stack>
    );
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <Autocomplete
          label={t('traces.name')}
          required
          data-autofocus
          placeholder="support/answer"
          data={known.data?.map((prompt) => prompt.name) ?? []}
          value={name}
          onChange={setName}
        />
        <Text size="sm" c="dimmed">
          {meta === undefined ? t('playground.newPrompt') : t('playground.nextVersion', { version: Math.max(...meta.versions) + 1 })}
        </Text>
        <TextInput
          label={t('prompts.message')}
          placeholder={t('prompts.messageHint')}
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
        />
        {create.error && <ErrorState error={create.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending} disabled={name.trim() === ''}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
