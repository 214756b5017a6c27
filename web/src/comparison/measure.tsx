// A measured value as people read it, and a difference with its direction: an arrow and a colour, so that colour is never the only sign.
import type { ReactNode } from 'react';
import { type Translate, useText } from '#i18n/i18n.ts';
import { formatDuration, formatMoney } from '#lib/format.ts';
import styles from './comparison.module.css';
import { type Better, judged } from './rows.ts';

/** Latency is seconds, cost is money, everything else a number. */
export function measureText(metric: string, value: number, language: string): string {
  if (metric === 'latency') return formatDuration(value * 1000);
  if (metric === 'cost') return formatMoney(value, 'USD', language) ?? '–';
  return new Intl.NumberFormat(language, { maximumSignificantDigits: 4 }).format(value);
}

export function metricName(metric: string, t: Translate): string {
  if (metric === 'latency') return t('overview.latency');
  return metric === 'cost' ? t('overview.cost') : metric;
}

export function Difference({ metric, value, better }: { metric: string; value: number; better: Better }): ReactNode {
  const { t, language } = useText();
  const judgement = judged(value, better);
  if (judgement === 'same') return <span className="quiet">±0</span>;
  const text = `${value > 0 ? '+' : ''}${measureText(metric, value, language)}`;
  return (
    <span className={styles.difference} data-judgement={judgement} title={t('comparison.difference', { difference: text })}>
      <span aria-hidden>{value > 0 ? '▲' : '▼'}</span> {text}
      <span className="visually-hidden">{t(`comparison.certain.${judgement}`)}</span>
    </span>
  );
}
