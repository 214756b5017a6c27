// Writes a prompt's first or next version.
import '#mantine-later.css';
import { Button, Group, Modal, SegmentedControl, Stack, Switch, Textarea, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { editedText, readContent } from './content.ts';
import styles from './prompts.module.css';
import { type NewVersion, type PromptVersion, usePromptChanges } from './use-prompts.ts';

interface Props {
  opened: boolean;
  projectId: string;
  /** The version to go on from; null for a new prompt. */
  from: PromptVersion | null;
  onClose: () => void;
  onCreated: (name: string, version: number) => void;
}

export function PromptDialog({ opened, onClose, from, ...rest }: Props): ReactNode {
  const { t } = useText();
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={from ? t('prompts.newVersion') : t('prompts.create')}
      size="xl"
      closeOnClickOutside={false}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      <PromptForm from={from} onClose={onClose} {...rest} />
    </Modal>
  );
}

const FIRST_CHAT = '[\n  { "role": "system", "content": "" },\n  { "role": "user", "content": "{{question}}" }\n]';

function PromptForm({ projectId, from, onClose, onCreated }: Omit<Props, 'opened'>): ReactNode {
  const { t } = useText();
  const { create } = usePromptChanges(projectId);
  const [name, setName] = useState(from?.name ?? '');
  const [type, setType] = useState<'text' | 'chat'>(from?.type ?? 'text');
  const [text, setText] = useState(from ? editedText(from.prompt) : '');
  const [config, setConfig] = useState(from ? JSON.stringify(from.config ?? {}, null, 2) : '{}');
  const [message, setMessage] = useState('');
  const [production, setProduction] = useState(from === null);
  const content = readContent(type, text);
  const settings = readJson(config);
  const ready = name.trim() !== '' && 'prompt' in content && settings !== undefined && text.trim() !== '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!('prompt' in content)) return;
    const body: NewVersion = {
      name: name.trim(),
      type,
      prompt: content.prompt,
      config: settings,
      labels: production ? ['production'] : [],
      ...(from ? { tags: from.tags } : {}),
      ...(message.trim() === '' ? {} : { commitMessage: message.trim() }),
    };
    create.mutate(body, {
      onSuccess: (made) => {
        onClose();
        onCreated(made.name, made.version);
      },
    });
  };
  const choose = (next: 'text' | 'chat') => {
    setType(next);
    if (next === 'chat' && text.trim() === '') setText(FIRST_CHAT);
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        {from === null && (
          <Group align="flex-end" gap="sm" grow preventGrowOverflow={false}>
            <TextInput
              label={t('traces.name')}
              required
              data-autofocus
              placeholder="support/answer"
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
            />
            <SegmentedControl
              size="xs"
              aria-label={t('prompts.type')}
              value={type}
              data={[
                { value: 'text', label: t('prompts.type.text') },
                { value: 'chat', label: t('prompts.type.chat') },
              ]}
              onChange={(value) => choose(value as 'text' | 'chat')}
            />
          </Group>
        )}
        <Textarea
          label={t('prompts.content')}
          description={type === 'chat' ? t('prompts.chatHint') : t('prompts.textHint', { example: '{{name}}' })}
          required
          autosize
          minRows={8}
          maxRows={22}
          classNames={{ input: styles.editor }}
          value={text}
          error={'fault' in content && text.trim() !== '' ? t(`prompts.fault.${content.fault}`) : null}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        <Textarea
          label={t('prompts.config')}
          description={t('prompts.configHint')}
          autosize
          minRows={2}
          maxRows={10}
          classNames={{ input: styles.editor }}
          value={config}
          error={settings === undefined ? t('prompts.fault.not-json') : null}
          onChange={(event) => setConfig(event.currentTarget.value)}
        />
        <TextInput
          label={t('prompts.message')}
          placeholder={t('prompts.messageHint')}
          value={message}
          onChange={(event) => setMessage(event.currentTarget.value)}
        />
        <Switch checked={production} label={t('prompts.toProduction')} onChange={(event) => setProduction(event.currentTarget.checked)} />
        {create.error && <ErrorState error={create.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={create.isPending} disabled={!ready}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}

/** Undefined when it is no JSON. */
function readJson(text: string): unknown {
  if (text.trim() === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
