// What was spent of a budget, with a bar that says how near its end is.
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { percentOf } from '#lib/decimal.ts';
import { Money } from './money.tsx';
import styles from './spend-cell.module.css';

type Amount = number | string | null;

export function SpendCell({ spend, maxBudget }: { spend: Amount; maxBudget: Amount }): ReactNode {
  const { t } = useText();
  const share = percentOf(spend, maxBudget);
  return (
    <div className={styles.stack}>
      <span className="truncate">
        <Money value={spend} />
        <span className="quiet"> / {maxBudget === null ? t('keys.noBudget') : <Money value={maxBudget} />}</span>
      </span>
      {share !== null && (
        <span
          className={styles.track}
          role="progressbar"
          tabIndex={-1}
          aria-valuenow={share}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-label={t('keys.budgetUsed', { percent: share })}
          title={t('keys.budgetUsed', { percent: share })}
        >
          <span className={styles.fill} data-level={share >= 100 ? 'over' : share >= 80 ? 'near' : 'fine'} style={{ width: `${share}%` }} />
        </span>
      )}
    </div>
  );
}
