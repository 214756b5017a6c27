// The frame of a page: title, tools on the right, a filter row, and the content that fills the rest.
import { Group, Title } from '@mantine/core';
import { useDocumentTitle } from '@mantine/hooks';
import type { ReactNode } from 'react';
import styles from './page.module.css';

export interface PageProps {
  title: string;
  /** Beside the title: counts, state. */
  aside?: ReactNode;
  tools?: ReactNode;
  filters?: ReactNode;
  /** The content scrolls by itself (tables) instead of the page. */
  fill?: boolean;
  children: ReactNode;
}

export function Page({ title, aside, tools, filters, fill = false, children }: PageProps): ReactNode {
  useDocumentTitle(`${title} · GenAI Platform`);
  return (
    <div className={styles.page} data-fill={fill}>
      <header className={styles.header}>
        <Group gap="sm" wrap="nowrap" className={styles.title}>
          <Title order={1}>{title}</Title>
          {aside}
        </Group>
        <Group gap="xs" wrap="wrap" justify="flex-end">
          {tools}
        </Group>
      </header>
      {filters && <div className={styles.filters}>{filters}</div>}
      <div className={styles.content}>{children}</div>
    </div>
  );
}
