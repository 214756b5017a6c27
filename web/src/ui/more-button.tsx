// Draws more of a list that is already here; gone when nothing is left.
import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';

export function MoreButton({ left, onMore }: { left: number; onMore: () => void }): ReactNode {
  const { t } = useText();
  if (left <= 0) return null;
  return (
    <Button variant="default" onClick={onMore}>
      {t('json.more', { count: left })}
    </Button>
  );
}
