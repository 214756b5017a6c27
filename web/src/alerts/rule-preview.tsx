// The preview of a rule while it is made: the curve, and how often its condition would have held.
import type { ConsoleMetricsOptions } from '@genai/server/contract-metrics';
import { Loader } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense } from 'react';
import { useText } from '#i18n/i18n.ts';
import { Preview } from '#metrics/editor.tsx';
import { unitOf } from '#metrics/units.ts';
import { ErrorState } from '#ui/error-state.tsx';
import styles from './alerts.module.css';
import { checkRuleForm, type RuleForm, ruleBodyOf } from './rule-values.ts';
import { alertPreviewQuery } from './use-alerts.ts';

const PreviewChart = lazy(() => import('./preview-chart.tsx').then((module) => ({ default: module.PreviewChart })));

export function RulePreview({ projectId, form, options }: { projectId: string; form: RuleForm; options: ConsoleMetricsOptions }): ReactNode {
  const { t } = useText();
  const [settled] = useDebouncedValue(form, 400);
  // A rule without a name or a threshold can be looked at already.
  const asked = { ...settled, name: settled.name || 'preview', threshold: settled.threshold || '0', receiverIds: [] };
  const ready = Object.keys(checkRuleForm(asked)).length === 0;
  const query = useQuery(alertPreviewQuery(projectId, ready ? ruleBodyOf(asked, options) : null));
  const silence = settled.kind === 'silence';
  const unit = silence ? 'count' : unitOf(settled.measure, settled.aggregation);
  const threshold = silence ? 1 : settled.threshold.trim() === '' ? null : Number(settled.threshold);
  const held = query.data?.points.filter(({ breach }) => breach === true).length ?? 0;
  return (
    <Preview label={t('alerts.preview')}>
      <h3 className={styles.previewTitle}>{t('alerts.preview')}</h3>
      <div className={styles.previewBody}>
        {query.error && <ErrorState error={query.error} />}
        {!query.error && query.data && (
          <Suspense fallback={<Loader size={16} aria-label={t('common.loading')} />}>
            <PreviewChart preview={query.data} unit={unit} threshold={threshold} />
          </Suspense>
        )}
        {!query.error && !query.data && ready && <Loader size={16} aria-label={t('common.loading')} />}
      </div>
      {query.data && threshold !== null && (
        <p className={styles.previewNote}>
          {t('alerts.held', { held, points: query.data.points.length })} {t('alerts.every', { minutes: query.data.everyMinutes })}
        </p>
      )}
    </Preview>
  );
}
