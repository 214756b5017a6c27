// The runs that went over a dataset, newest first.
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { useText } from '#i18n/i18n.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { InnerTable } from '#ui/inner-table.tsx';
import { Instant } from '#ui/instant.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { type DatasetRun, runsQuery } from './use-datasets.ts';

export function RunsTable({ projectId, datasetName }: { projectId: string; datasetName: string }): ReactNode {
  const { t } = useText();
  const query = useInfiniteQuery(runsQuery(projectId, datasetName));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  return (
    <InnerTable
      label={t('datasets.runs')}
      query={query}
      columns={useColumns()}
      rows={rows}
      rowKey={(row) => row.id}
      onOpen={() => undefined}
      empty={<EmptyState title={t('datasets.noRuns')} hint={t('datasets.noRunsHint')} />}
    />
  );
}

function useColumns(): Column<DatasetRun>[] {
  const { t } = useText();
  return [
    { id: 'name', header: t('traces.name'), width: 'minmax(140px, 1.4fr)', render: (row) => <span className="truncate">{row.name}</span> },
    {
      id: 'description',
      header: t('datasets.description'),
      width: 'minmax(120px, 2fr)',
      minTableWidth: 520,
      render: (row) => row.description ?? <span className="quiet">–</span>,
    },
    { id: 'created', header: t('datasets.created'), width: '128px', render: (row) => <Instant at={row.createdAt} /> },
  ];
}
