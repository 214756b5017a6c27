// The messages of a draft: role, text, and how they are added, moved and taken away.
import '#mantine-later.css';
import { ActionIcon, Button, Group, Select, Stack, Textarea } from '@mantine/core';
import { IconArrowUp, IconPlus, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { type DraftMessage, ROLES, type Role } from './draft.ts';
import styles from './playground.module.css';

interface Props {
  messages: readonly DraftMessage[];
  onChange: (messages: DraftMessage[]) => void;
}

export function Messages({ messages, onChange }: Props): ReactNode {
  const { t } = useText();
  const put = (id: number, part: Partial<DraftMessage>) => onChange(messages.map((one) => (one.id === id ? { ...one, ...part } : one)));
  const add = () => {
    const role: Role = messages.at(-1)?.role === 'user' ? 'assistant' : 'user';
    onChange([...messages, { id: Math.max(0, ...messages.map(({ id }) => id)) + 1, role, content: '' }]);
  };
  const up = (index: number) => {
    const next = [...messages];
    const [moved] = next.splice(index, 1);
    if (moved !== undefined) next.splice(index - 1, 0, moved);
    onChange(next);
  };
  return (
    <Stack gap="sm">
      {messages.map((message, index) => (
        <fieldset key={message.id} className={styles.message} aria-label={t('playground.message', { number: index + 1 })}>
          <Group justify="space-between" mb={4}>
            <Select
              size="xs"
              w={130}
              aria-label={t('playground.role', { number: index + 1 })}
              allowDeselect={false}
              value={message.role}
              data={ROLES.map((role) => ({ value: role, label: t(`playground.role.${role}`) }))}
              onChange={(role) => role !== null && put(message.id, { role: role as Role })}
            />
            <Group gap={2}>
              {index > 0 && (
                <ActionIcon size="sm" aria-label={t('playground.up', { number: index + 1 })} onClick={() => up(index)}>
                  <IconArrowUp size={14} />
                </ActionIcon>
              )}
              <ActionIcon
                size="sm"
                aria-label={t('playground.remove', { number: index + 1 })}
                disabled={messages.length === 1}
                onClick={() => onChange(messages.filter(({ id }) => id !== message.id))}
              >
                <IconTrash size={14} />
              </ActionIcon>
            </Group>
          </Group>
          <Textarea
            aria-label={t('playground.text', { number: index + 1 })}
            autosize
            minRows={2}
            maxRows={16}
            classNames={{ input: styles.text }}
            placeholder={message.role === 'user' ? t('playground.textHint', { example: '{{name}}' }) : ''}
            value={message.content}
            onChange={(event) => put(message.id, { content: event.currentTarget.value })}
          />
        </fieldset>
      ))}
      <Button variant="subtle" leftSection={<IconPlus size={14} />} style={{ alignSelf: 'flex-start' }} onClick={add}>
        {t('playground.add')}
      </Button>
    </Stack>
  );
}
