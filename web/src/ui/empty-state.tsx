// Nothing to show yet: says so and what to do next.
import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import styles from './empty-state.module.css';

export function EmptyState({ title, hint, icon, children }: { title: string; hint?: string; icon?: ReactNode; children?: ReactNode }): ReactNode {
  return (
    <div className={styles.frame}>
      <Stack gap="xs" align="center" className={styles.inner}>
        {icon}
        <Text fw={600} size="md" ta="center">
          {title}
        </Text>
        {hint && (
          <Text c="dimmed" size="sm" ta="center" maw={520}>
            {hint}
          </Text>
        )}
        {children && <div className={styles.body}>{children}</div>}
      </Stack>
    </div>
  );
}
