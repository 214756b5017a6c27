// The sessions of a project: the conversations that traces name as theirs, the latest active first.
import type { ConsoleSessionRow } from '@genai/server/contract';
import { Badge } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { useProjectId } from '#lib/session.tsx';
import { readTimeRange, writeTimeRange } from '#lib/time-range.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { Money } from '#ui/money.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import type { SessionsSearch } from './url.ts';
import { sessionsQuery } from './use-sessions.ts';

const route = getRouteApi('/console/ui/sessions');

export function SessionsPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = (change: Partial<SessionsSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as SessionsSearch, replace: true });
  const projectId = useProjectId(search.project);
  const range = readTimeRange(search);
  const query = useInfiniteQuery({ ...sessionsQuery(projectId ?? '', range, search.search), enabled: projectId !== null });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useColumns();
  return (
    <ListPage
      title={t('nav.sessions')}
      projectId={projectId}
      onProject={(project) => update({ project })}
      range={{ value: range, onChange: (value) => update(writeTimeRange(value) as Partial<SessionsSearch>) }}
      filters={<SearchInput value={search.search ?? ''} placeholder={t('sessions.search')} onChange={(value) => update({ search: value })} />}
      query={query}
      views={{ list: 'sessions', search: { ...search }, replace: (next) => void navigate({ search: next as SessionsSearch, replace: true }) }}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      onOpen={(row) =>
        void navigate({ to: '/project/$projectId/sessions/$sessionId', params: { projectId: projectId as string, sessionId: row.id }, search: {} })
      }
      empty={
        search.search ? (
          <EmptyState title={t('sessions.noMatch')} hint={t('common.noMatchHint')} />
        ) : (
          <EmptyState title={t('sessions.empty')} hint={t('sessions.emptyHint')} />
        )
      }
    />
  );
}

function useColumns(): Column<ConsoleSessionRow>[] {
  const { t, language } = useText();
  return [
    { id: 'last', header: t('sessions.lastActive'), width: '128px', render: (row) => <Instant at={row.lastAt} /> },
    { id: 'id', header: t('traces.session'), width: 'minmax(140px, 2fr)', render: (row) => <IdCell row={row} /> },
    {
      id: 'users',
      header: t('traces.user'),
      width: 'minmax(90px, 1fr)',
      minTableWidth: 720,
      render: (row) => (row.users.length > 0 ? row.users.join(', ') : <span className="quiet">–</span>),
    },
    {
      id: 'duration',
      header: t('sessions.duration'),
      width: '90px',
      align: 'end',
      minTableWidth: 640,
      render: (row) => formatDuration(Date.parse(row.lastAt) - Date.parse(row.firstAt)),
    },
    { id: 'traces', header: t('nav.traces'), width: '80px', align: 'end', render: (row) => formatCount(row.traces, language) },
    {
      id: 'errors',
      header: t('traces.errors'),
      width: '70px',
      align: 'end',
      minTableWidth: 560,
      render: (row) => (row.errors > 0 ? <Badge color="red">{formatCount(row.errors, language)}</Badge> : <span className="quiet">–</span>),
    },
    { id: 'tokens', header: t('overview.tokens'), width: '80px', align: 'end', minTableWidth: 820, render: (row) => formatCount(row.totalTokens, language) },
    { id: 'cost', header: t('overview.cost'), width: '90px', align: 'end', render: (row) => <Money value={row.totalCost} /> },
  ];
}

function IdCell({ row }: { row: ConsoleSessionRow }): ReactNode {
  return (
    <span className="truncate" title={row.id}>
      {row.environment !== 'default' && (
        <>
          <Badge color="gray">{row.environment}</Badge>{' '}
        </>
      )}
      {row.id}
    </span>
  );
}
