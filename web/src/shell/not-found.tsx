// An address that the console does not have.
import { Anchor } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { EmptyState } from '#ui/empty-state.tsx';

export function NotFound(): ReactNode {
  const { t } = useText();
  return (
    <div style={{ padding: 20 }}>
      <EmptyState title={t('notFound.title')} hint={t('notFound.hint')}>
        <div style={{ textAlign: 'center' }}>
          <Anchor renderRoot={(props) => <Link to="/ui/overview" {...props} />}>{t('nav.overview')}</Anchor>
        </div>
      </EmptyState>
    </div>
  );
}
