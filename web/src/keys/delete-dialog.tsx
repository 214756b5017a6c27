// Asks before a key is deleted.
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
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
    <ConfirmDialog
      opened={row !== null}
      title={t('keys.deleteTitle')}
      question={t('keys.deleteQuestion', { name: row?.key_alias ?? row?.key_name ?? row?.token ?? '' })}
      hint={t('keys.deleteHint')}
      action={t('keys.delete')}
      busy={remove.isPending}
      error={remove.error}
      onClose={close}
      onConfirm={() => row && remove.mutate(row.token, { onSuccess: close })}
    />
  );
}
