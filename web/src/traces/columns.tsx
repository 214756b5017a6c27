// The columns of the traces table.
import type { ConsoleTraceRow } from '@genai/server/contract';
import { Badge, Group, Tooltip } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import { type ReactNode, useMemo } from 'react';
import { previewText } from '#content/preview.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { Instant } from '#ui/instant.tsx';
import { Money } from '#ui/money.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import styles from './columns.module.css';

export function useTraceColumns(): Column<ConsoleTraceRow>[] {
  const { t, language } = useText();
  return useMemo(
    () => [
      { id: 'time', header: t('common.time'), width: '128px', minTableWidth: 460, render: (row) => <Instant at={row.timestamp} /> },
      { id: 'name', header: t('traces.name'), width: 'minmax(120px, 1fr)', render: (row) => <NameCell row={row} /> },
      { id: 'io', header: t('traces.inputOutput'), width: 'minmax(180px, 2.4fr)', minTableWidth: 620, render: (row) => <PreviewCell row={row} /> },
      {
        id: 'user',
        header: t('traces.user'),
        width: 'minmax(80px, 0.7fr)',
        minTableWidth: 900,
        render: (row) => row.userId ?? <span className="quiet">–</span>,
      },
      {
        id: 'session',
        header: t('traces.session'),
        width: 'minmax(80px, 0.7fr)',
        minTableWidth: 1080,
        render: (row) => row.sessionId ?? <span className="quiet">–</span>,
      },
      { id: 'nodes', header: t('traces.observations'), width: '62px', align: 'end', minTableWidth: 780, render: (row) => <CountCell row={row} /> },
      { id: 'tokens', header: t('overview.tokens'), width: '70px', align: 'end', minTableWidth: 760, render: (row) => formatCount(row.totalTokens, language) },
      { id: 'cost', header: t('overview.cost'), width: '90px', align: 'end', render: (row) => <Money value={row.totalCost} /> },
      { id: 'latency', header: t('overview.latency'), width: '72px', align: 'end', render: (row) => formatDuration(row.latencyMs) },
    ],
    [t, language],
  );
}

function NameCell({ row }: { row: ConsoleTraceRow }): ReactNode {
  return (
    <div className={styles.stack}>
      <span className="truncate" title={row.id}>
        {row.name ?? row.id}
      </span>
      <Group gap={4} className={styles.tags} title={row.tags.join(', ')}>
        {row.environment !== 'default' && (
          <Badge size="xs" color="gray">
            {row.environment}
          </Badge>
        )}
        {row.tags.slice(0, 3).map((tag) => (
          <Badge key={tag} size="xs" color="ink">
            {tag}
          </Badge>
        ))}
        {row.tags.length > 3 && <span className={styles.more}>+{row.tags.length - 3}</span>}
      </Group>
    </div>
  );
}

function PreviewCell({ row }: { row: ConsoleTraceRow }): ReactNode {
  const input = previewText(row.inputPreview, 'input');
  const output = previewText(row.outputPreview, 'output');
  return (
    <div className={styles.stack}>
      <span className="truncate" title={input ?? undefined}>
        {input ?? <span className="quiet">–</span>}
      </span>
      <span className={`truncate ${styles.output}`} title={output ?? undefined}>
        {output ?? '–'}
      </span>
    </div>
  );
}

function CountCell({ row }: { row: ConsoleTraceRow }): ReactNode {
  const { t } = useText();
  const label = t('traces.errorCount', { count: row.errors });
  return (
    <span className={styles.count}>
      {row.errors > 0 && (
        <Tooltip label={label}>
          <IconAlertCircle size={14} className={styles.error} aria-label={label} />
        </Tooltip>
      )}
      {row.observations}
    </span>
  );
}
