// The users of a project's traces: who used it how much in a range, and the way to their traces.
import { keepPreviousData, queryOptions, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useProjectId } from '#lib/session.tsx';
import { readTimeRange, resolveTimeRange, type TimeRange, writeTimeRange } from '#lib/time-range.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { Money } from '#ui/money.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import type { PeopleSearch } from './url.ts';

const route = getRouteApi('/console/ui/people');

/** A row of the metrics API, grouped by user. */
interface PersonRow {
  userId: string;
  count_count: number;
  sum_totalTokens: number | null;
  sum_totalCost: number | null;
}

/** The metrics API gives at most so many groups: the largest by calls. */
const LARGEST = 1_000;

function peopleQuery(projectId: string, range: TimeRange, search: string | undefined) {
  return queryOptions({
    queryKey: ['people', projectId, range, search],
    queryFn: ({ signal }) => {
      const { from, to } = resolveTimeRange(range, Date.now());
      const query = {
        view: 'traces',
        dimensions: [{ field: 'userId' }],
        metrics: [
          { measure: 'count', aggregation: 'count' },
          { measure: 'totalTokens', aggregation: 'sum' },
          { measure: 'totalCost', aggregation: 'sum' },
        ],
        filters: search ? [{ type: 'string', column: 'userId', operator: 'contains', value: search }] : [],
        fromTimestamp: from,
        toTimestamp: to,
        orderBy: [{ field: 'count_count', direction: 'desc' }],
        config: { row_limit: LARGEST },
      };
      return api<{ data: PersonRow[] }>('/api/public/metrics', { projectId, query: { query: JSON.stringify(query) }, signal });
    },
    placeholderData: keepPreviousData,
  });
}

export function PeoplePage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = (change: Partial<PeopleSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as PeopleSearch, replace: true });
  const projectId = useProjectId(search.project);
  const range = readTimeRange(search, '7d');
  const query = useQuery({ ...peopleQuery(projectId ?? '', range, search.search), enabled: projectId !== null });
  const rows = useMemo(() => (query.data?.data ?? []).filter((row) => row.userId), [query.data]);
  const columns = useColumns();
  const toTraces = (row: PersonRow) =>
    void navigate({ to: '/ui/traces', search: { project: projectId as string, user: row.userId, ...(writeTimeRange(range) as { range?: string }) } });
  return (
    <ListPage
      title={t('nav.people')}
      projectId={projectId}
      onProject={(project) => update({ project })}
      range={{ value: range, onChange: (value) => update(writeTimeRange(value) as Partial<PeopleSearch>) }}
      filters={<SearchInput value={search.search ?? ''} placeholder={t('people.search')} onChange={(value) => update({ search: value })} />}
      query={{ ...query, hasNextPage: false, isFetchingNextPage: false, fetchNextPage: () => undefined }}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.userId}
      rowHeight={36}
      onOpen={toTraces}
      empty={
        search.search ? (
          <EmptyState title={t('people.noMatch')} hint={t('common.noMatchHint')} />
        ) : (
          <EmptyState title={t('people.empty')} hint={t('people.emptyHint')} />
        )
      }
    />
  );
}

function useColumns(): Column<PersonRow>[] {
  const { t, language } = useText();
  return [
    { id: 'user', header: t('traces.user'), width: 'minmax(140px, 2fr)', render: (row) => <span className="truncate">{row.userId}</span> },
    { id: 'traces', header: t('nav.traces'), width: '110px', align: 'end', render: (row) => formatCount(Number(row.count_count), language) },
    {
      id: 'tokens',
      header: t('overview.tokens'),
      width: '110px',
      align: 'end',
      minTableWidth: 460,
      render: (row) => formatCount(Number(row.sum_totalTokens ?? 0), language),
    },
    { id: 'cost', header: t('overview.cost'), width: '110px', align: 'end', render: (row) => <Money value={row.sum_totalCost} /> },
  ];
}
