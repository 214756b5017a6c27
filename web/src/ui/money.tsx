// An amount of money; an unknown price reads "unknown" and is never shown as zero.
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatMoney } from '#lib/format.ts';

export function Money({ value, currency = 'USD', unknown }: { value: string | number | null | undefined; currency?: string; unknown?: ReactNode }): ReactNode {
  const { t, language } = useText();
  const text = formatMoney(value, currency, language);
  if (text === null) return unknown ?? <span className="quiet">{t('common.unknown')}</span>;
  return (
    <span className="numeric" title={`${value} ${currency}`}>
      {text}
    </span>
  );
}
