// The cost of a group of calls: an amount, "≥ amount" when calls of unknown price come on top, or "unknown".
import { Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { Money } from '#ui/money.tsx';
import { knownCost } from './known-cost.ts';
import styles from './overview.module.css';

interface Props {
  group: { calls: number; cost: string; unknownCostCalls: number };
  currency: string;
}

export function GroupCost({ group, currency }: Props): ReactNode {
  const { t, language } = useText();
  const { value, atLeast } = knownCost(group);
  const amount = <Money value={value} currency={currency} />;
  if (value !== null && !atLeast) return amount;
  const why = t('overview.unknownShare', { count: formatCount(group.unknownCostCalls, language), calls: formatCount(group.calls, language) });
  return (
    <Tooltip label={why} events={{ hover: true, focus: false, touch: true }}>
      <span className={styles.groupCost}>
        {atLeast && (
          <span className="quiet" aria-hidden>
            ≥{' '}
          </span>
        )}
        {amount}
        <span className="visually-hidden"> ({why})</span>
      </span>
    </Tooltip>
  );
}
