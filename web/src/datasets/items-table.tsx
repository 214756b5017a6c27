// The items of a dataset: what goes in, what is expected.
import { Badge } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo } from 'react';
import { previewText } from '#content/preview.ts';
import { useText } from '#i18n/i18n.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { InnerTable } from '#ui/inner-table.tsx';
import { Instant } from '#ui/instant.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { type DatasetItem, itemsQuery } from './use-datasets.ts';

export function ItemsTable({ projectId, datasetName, onOpen }: { projectId: string; datasetName: string; onOpen: (item: DatasetItem) => void }): ReactNode {
  const { t } = useText();
  const query = useInfiniteQuery(itemsQuery(projectId, datasetName));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  return (
    <InnerTable
      label={t('datasets.items')}
      query={query}
      columns={useColumns()}
      rows={rows}
      rowKey={(row) => row.id}
      onOpen={onOpen}
      empty={<EmptyState title={t('datasets.noItems')} hint={t('datasets.noItemsHint')} />}
    />
  );
}

function useColumns(): Column<DatasetItem>[] {
  const { t } = useText();
  return [
    { id: 'input', header: t('common.input'), width: 'minmax(140px, 2fr)', render: (row) => <Preview value={row.input} side="input" /> },
    {
      id: 'expected',
      header: t('datasets.expected'),
      width: 'minmax(120px, 2fr)',
      minTableWidth: 520,
      render: (row) => <Preview value={row.expectedOutput} side="output" />,
    },
    {
      id: 'status',
      header: t('keys.status'),
      width: '96px',
      minTableWidth: 640,
      render: (row) => <Badge color={row.status === 'ACTIVE' ? 'teal' : 'gray'}>{t(`datasets.status.${row.status}`)}</Badge>,
    },
    { id: 'updated', header: t('prompts.updated'), width: '128px', minTableWidth: 760, render: (row) => <Instant at={row.updatedAt} /> },
  ];
}

function Preview({ value, side }: { value: unknown; side: 'input' | 'output' }): ReactNode {
  const text = value === null || value === undefined ? null : previewText(JSON.stringify(value).slice(0, 600), side);
  return text === null ? <span className="quiet">–</span> : <span title={text}>{text}</span>;
}
