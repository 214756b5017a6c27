// The columns of the request log; the ones that matter least leave first when the window is narrow.
import type { ConsoleRequest } from '@genai/server/contract';
import { IconArrowsShuffle, IconBroadcast } from '@tabler/icons-react';
import { type ReactNode, useMemo } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { Instant } from '#ui/instant.tsx';
import { Money } from '#ui/money.tsx';
import { OutcomeBadge } from '#ui/outcome-badge.tsx';
import type { Column } from '#ui/virtual-table.tsx';

/** Below this width, in pixels, time and outcome are shown in their short forms. */
const NARROW = 480;

export function useRequestColumns(): Column<ConsoleRequest>[] {
  const { t, language } = useText();
  return useMemo(() => {
    const tokens = (row: ConsoleRequest) =>
      row.inputTokens === null && row.outputTokens === null ? (
        <span className="quiet">–</span>
      ) : (
        <span title={row.usageEstimated ? t('requests.estimated') : undefined}>
          {row.usageEstimated ? '≈ ' : ''}
          {formatCount(row.inputTokens ?? 0, language)} → {formatCount(row.outputTokens ?? 0, language)}
        </span>
      );
    return [
      { id: 'time', header: t('common.time'), width: '128px', minTableWidth: NARROW, render: (row) => <Instant at={row.startedAt} /> },
      { id: 'shortTime', header: t('common.time'), width: '80px', maxTableWidth: NARROW, render: (row) => <Instant at={row.startedAt} short /> },
      { id: 'shortOutcome', header: '', width: '8px', maxTableWidth: NARROW, render: (row) => <OutcomeBadge outcome={row.outcome} short /> },
      {
        id: 'outcome',
        header: t('requests.outcome'),
        width: '112px',
        minTableWidth: NARROW,
        render: (row) => <OutcomeBadge outcome={row.outcome} status={row.httpStatus} />,
      },
      { id: 'model', header: t('common.model'), width: 'minmax(110px, 1.4fr)', render: (row) => <ModelCell row={row} /> },
      { id: 'key', header: t('requests.key'), width: 'minmax(90px, 1fr)', minTableWidth: 560, render: (row) => row.keyAlias ?? row.keyName ?? <Nothing /> },
      { id: 'team', header: t('requests.team'), width: 'minmax(80px, 0.8fr)', minTableWidth: 860, render: (row) => row.teamAlias ?? <Nothing /> },
      { id: 'user', header: t('requests.endUser'), width: 'minmax(80px, 0.8fr)', minTableWidth: 1080, render: (row) => row.endUser ?? <Nothing /> },
      { id: 'tokens', header: t('requests.tokens'), width: '118px', align: 'end', minTableWidth: 760, render: tokens },
      {
        id: 'cost',
        header: t('overview.cost'),
        width: '90px',
        align: 'end',
        render: (row) => <Money value={row.cost} currency={row.currency} />,
      },
      { id: 'latency', header: t('overview.latency'), width: '72px', align: 'end', minTableWidth: 640, render: (row) => formatDuration(row.latencyMs) },
      { id: 'ttft', header: t('requests.firstToken'), width: '84px', align: 'end', minTableWidth: 980, render: (row) => formatDuration(row.firstTokenMs) },
    ];
  }, [t, language]);
}

function ModelCell({ row }: { row: ConsoleRequest }): ReactNode {
  const { t } = useText();
  const label = t('requests.attemptCount', { count: row.attempts.length });
  return (
    <span title={[row.model, [row.provider, row.upstreamModel].filter(Boolean).join(' / ')].filter(Boolean).join(' → ')}>
      {row.model}
      {row.stream && <IconBroadcast size={13} className="quiet" style={{ marginLeft: 6, verticalAlign: -2 }} aria-label={t('requests.streamed')} />}
      {row.attempts.length > 1 && <IconArrowsShuffle size={13} className="quiet" style={{ marginLeft: 6, verticalAlign: -2 }} aria-label={label} />}
    </span>
  );
}

function Nothing(): ReactNode {
  return <span className="quiet">–</span>;
}
