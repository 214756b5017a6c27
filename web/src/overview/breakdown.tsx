// Who or what used most: names with a bar by calls, tokens and cost.
import type { ConsoleBreakdownRow } from '@genai/server/contract';
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCompact, formatCount } from '#lib/format.ts';
import { GroupCost } from './group-cost.tsx';
import styles from './overview.module.css';

export function Breakdown({ title, rows, currency }: { title: string; rows: readonly ConsoleBreakdownRow[]; currency: string }): ReactNode {
  const { t, language } = useText();
  const most = Math.max(1, ...rows.map((row) => row.calls));
  return (
    <section className={`${styles.panel} ${styles.breakdown}`} aria-label={title}>
      <div className={styles.breakdownHead}>
        <h2 className={styles.panelTitle}>{title}</h2>
        <span>{t('overview.calls')}</span>
        <span>{t('overview.tokens')}</span>
        <span>{t('overview.cost')}</span>
      </div>
      {rows.length === 0 && (
        <Text c="dimmed" size="sm" py="xs" className={styles.breakdownNothing}>
          {t('overview.nothing')}
        </Text>
      )}
      {rows.map((row) => (
        <div key={row.name} className={styles.breakdownRow}>
          <span className={styles.breakdownName} title={row.name}>
            <span className={styles.bar} style={{ width: `${(row.calls / most) * 100}%` }} aria-hidden />
            <span className={styles.barText}>{row.name || t('common.none')}</span>
          </span>
          <span className="numeric">{formatCount(row.calls, language)}</span>
          <span className="numeric">{formatCompact(row.tokens, language)}</span>
          <GroupCost group={row} currency={currency} />
        </div>
      ))}
    </section>
  );
}
