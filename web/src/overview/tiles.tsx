// The figures at the top of the overview.
import type { ConsoleOverview } from '@genai/server/contract';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCompact, formatCount, formatDuration, formatPercent } from '#lib/format.ts';
import { Money } from '#ui/money.tsx';
import { knownCost } from './known-cost.ts';
import styles from './overview.module.css';

export function Tiles({ overview }: { overview: ConsoleOverview }): ReactNode {
  const { t, language } = useText();
  const { totals, latencyMs, firstTokenMs } = overview;
  return (
    <section className={styles.tiles} aria-label={t('overview.figures')}>
      <Tile
        label={t('overview.calls')}
        value={formatCount(totals.calls, language)}
        note={t('overview.traces', { count: formatCount(totals.traces, language) })}
      />
      <Tile
        label={t('overview.failures')}
        value={formatCount(totals.failures, language)}
        note={totals.calls > 0 ? t('overview.failureShare', { share: formatPercent(totals.failures / totals.calls, language) }) : '–'}
        tone={totals.failures > 0 ? 'bad' : undefined}
      />
      <Tile
        label={t('overview.cost')}
        value={<Money value={knownCost(totals).value} currency={totals.currency} />}
        note={totals.unknownCostCalls > 0 ? t('overview.unknownCost', { count: formatCount(totals.unknownCostCalls, language) }) : t('overview.allPriced')}
      />
      <Tile
        label={t('overview.tokens')}
        value={formatCompact(totals.inputTokens + totals.outputTokens, language)}
        note={t('overview.tokensSplit', { input: formatCompact(totals.inputTokens, language), output: formatCompact(totals.outputTokens, language) })}
      />
      <Tile
        label={t('overview.latency')}
        value={formatDuration(latencyMs.p50)}
        note={`p95 ${formatDuration(latencyMs.p95)} · p99 ${formatDuration(latencyMs.p99)}`}
      />
      <Tile label={t('overview.firstToken')} value={formatDuration(firstTokenMs.p50)} note={`p95 ${formatDuration(firstTokenMs.p95)}`} />
    </section>
  );
}

function Tile({ label, value, note, tone }: { label: string; value: ReactNode; note: string; tone?: 'bad' | undefined }): ReactNode {
  return (
    <div className={styles.tile}>
      <div className={styles.tileLabel}>{label}</div>
      <div className={styles.tileValue} data-tone={tone}>
        {value}
      </div>
      <div className={styles.tileNote} title={note}>
        {note}
      </div>
    </div>
  );
}
