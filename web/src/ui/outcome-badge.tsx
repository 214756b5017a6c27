// How a call or an attempt ended: a dot and a word, so that colour is never the only sign.
import type { ReactNode } from 'react';
import { type TextKey, useText } from '#i18n/i18n.ts';
import styles from './outcome-badge.module.css';

const NAMES: Record<string, TextKey> = {
  success: 'outcome.success',
  failure: 'outcome.failure',
  cancelled: 'outcome.cancelled',
  unknown: 'outcome.unknown',
};

export function OutcomeBadge({ outcome, status, short = false }: { outcome: string; status?: number | null; short?: boolean }): ReactNode {
  const { t } = useText();
  const name = NAMES[outcome];
  return (
    <span className={styles.badge} data-outcome={outcome}>
      <span className={styles.dot} aria-hidden />
      <span className={short ? 'visually-hidden' : 'truncate'}>{name ? t(name) : outcome}</span>
      {status !== null && status !== undefined && status !== 200 && <span className={styles.status}>{status}</span>}
    </span>
  );
}
