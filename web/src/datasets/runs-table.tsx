// The runs that went over a dataset, newest first; those that are chosen are set side by side.
import '#mantine-later.css';
import { Button, Checkbox, Group, Text } from '@mantine/core';
import { IconColumns3 } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { InnerTable } from '#ui/inner-table.tsx';
import { Instant } from '#ui/instant.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { type DatasetRun, runsQuery } from './use-datasets.ts';

/** As many as the comparison holds. */
const MOST_CHOSEN = 5;

export function RunsTable({ projectId, datasetName }: { projectId: string; datasetName: string }): ReactNode {
  const { t } = useText();
  const navigate = useNavigate();
  const query = useInfiniteQuery(runsQuery(projectId, datasetName));
  const [chosen, setChosen] = useState<readonly string[]>([]);
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const choose = (id: string) => setChosen(chosen.includes(id) ? chosen.filter((one) => one !== id) : [...chosen, id].slice(0, MOST_CHOSEN));
  const compare = (ids: readonly string[]) =>
    void navigate({ to: '/project/$projectId/datasets/$datasetName/compare', params: { projectId, datasetName }, search: { runs: ids.join(',') } });
  return (
    <>
      {rows.length > 0 && (
        <Group gap="sm" mb="sm">
          <Button variant="default" leftSection={<IconColumns3 size={14} />} disabled={chosen.length < 2} onClick={() => compare(chosen)}>
            {t('comparison.compare', { count: chosen.length })}
          </Button>
          <Text size="sm" c="dimmed">
            {t('comparison.selectHint')}
          </Text>
        </Group>
      )}
      <InnerTable
        label={t('datasets.runs')}
        query={query}
        columns={useColumns(chosen, choose)}
        rows={rows}
        rowKey={(row) => row.id}
        onOpen={(row) => compare([row.id])}
        empty={<EmptyState title={t('datasets.noRuns')} hint={t('datasets.noRunsHint')} />}
      />
    </>
  );
}

function useColumns(chosen: readonly string[], choose: (id: string) => void): Column<DatasetRun>[] {
  const { t } = useText();
  return [
    {
      id: 'choose',
      header: '',
      width: '24px',
      render: (row) => (
        <Checkbox
          size="xs"
          aria-label={t('comparison.select', { name: row.name })}
          checked={chosen.includes(row.id)}
          disabled={!chosen.includes(row.id) && chosen.length >= MOST_CHOSEN}
          onClick={(event) => event.stopPropagation()}
          onChange={() => choose(row.id)}
        />
      ),
    },
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
