// Who or what used most: names with a bar by calls, tokens and cost.
import { Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCompact, formatCount } from '#lib/format.ts';
import { Money } from '#ui/money.tsx';
import styles from './overview.module.css';

export interface BreakdownRow {
  name: string;
  calls: number;
  cost: string;
  tokens: number;
}

export function Breakdown({ title, rows, currency }: { title: string; rows: readonly BreakdownRow[]; currency: string }): ReactNode {
  const { t, language } = useText();
  const most = Math.max(1, ...rows.map((row) => row.calls));
  return (
    <section className={styles.panel} aria-label={title}>
      <div className={styles.breakdownHead}>
        <h2 className={styles.panelTitle}>{title}</h2>
        <span>{t('overview.calls')}</span>
        <span>{t('overview.tokens')}</span>
        <span>{t('overview.cost')}</span>
      </div>
      {rows.length === 0 && (
        <Text c="dimmed" size="sm" py="xs">
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
          <Money value={row.cost} currency={currency} />
        </div>
      ))}
    </section>
  );
}
