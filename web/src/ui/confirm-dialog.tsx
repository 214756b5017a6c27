// Asks before something is destroyed; what cannot be undone is said.
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from './error-state.tsx';

interface ConfirmDialogProps {
  opened: boolean;
  title: string;
  question: string;
  hint: string;
  /** What the red button says. */
  action: string;
  busy: boolean;
  error: Error | null;
  onClose: () => void;
  onConfirm: () => void;
}

export function ConfirmDialog({ opened, title, question, hint, action, busy, error, onClose, onConfirm }: ConfirmDialogProps): ReactNode {
  const { t } = useText();
  return (
    <Modal opened={opened} onClose={onClose} title={title} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <Stack gap="md">
        <Text>{question}</Text>
        <Text size="sm" c="dimmed">
          {hint}
        </Text>
        {error && <ErrorState error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" data-autofocus onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button color="red" loading={busy} onClick={onConfirm}>
            {action}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
