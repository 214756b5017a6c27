// Asks before a key is deleted; what it cannot undo is said.
import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import type { VirtualKeyRow } from './key-values.ts';
import { useKeyChanges } from './use-keys.ts';

export function DeleteDialog({ row, onClose }: { row: VirtualKeyRow | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  const { remove } = useKeyChanges();
  const close = () => {
    remove.reset();
    onClose();
  };
  return (
    <Modal opened={row !== null} onClose={close} title={t('keys.deleteTitle')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      {row && (
        <Stack gap="md">
          <Text>{t('keys.deleteQuestion', { name: row.key_alias ?? row.key_name ?? row.token })}</Text>
          <Text size="sm" c="dimmed">
            {t('keys.deleteHint')}
          </Text>
          {remove.error && <ErrorState error={remove.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" data-autofocus onClick={close}>
              {t('common.cancel')}
            </Button>
            <Button color="red" loading={remove.isPending} onClick={() => remove.mutate(row.token, { onSuccess: close })}>
              {t('keys.delete')}
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  );
}
