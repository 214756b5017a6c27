// The traces of a project: a table with time range, search and filters that live in the URL.
import type { ConsoleTraceRow } from '@genai/server/contract';
import { ActionIcon, Tooltip } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { tracesQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useProjectId, useSession } from '#lib/session.tsx';
import { readTimeRange, writeTimeRange } from '#lib/time-range.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { FirstCall } from '#ui/first-call.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import { TextFilter } from '#ui/text-filter.tsx';
import { TimeRangePicker } from '#ui/time-range-picker.tsx';
import { VirtualTable } from '#ui/virtual-table.tsx';
import { useTraceColumns } from './columns.tsx';
import type { TracesSearch } from './url.ts';

const route = getRouteApi('/console/ui/traces');
type Update = (change: Partial<Record<keyof TracesSearch, string | undefined>>) => void;

export function TracesPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update: Update = useCallback((change) => void navigate({ search: (old) => ({ ...old, ...change }) as TracesSearch, replace: true }), [navigate]);
  const projectId = useProjectId(search.project);
  const range = readTimeRange(search);
  const filters = { search: search.search, userId: search.user, sessionId: search.session, tag: search.tag, environment: search.environment };
  const query = useInfiniteQuery({ ...tracesQuery(projectId ?? '', range, filters), enabled: projectId !== null });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const tools = (
    <>
      <Tooltip label={t('common.refresh')}>
        <ActionIcon variant="default" size={30} aria-label={t('common.refresh')} loading={query.isFetching} onClick={() => void query.refetch()}>
          <IconRefresh size={15} />
        </ActionIcon>
      </Tooltip>
      <ProjectPicker value={projectId} onChange={(project) => update({ project })} />
      <TimeRangePicker value={range} onChange={(value) => update(writeTimeRange(value))} />
    </>
  );
  const filterRow = (
    <>
      <SearchInput value={search.search ?? ''} placeholder={t('traces.search')} onChange={(value) => update({ search: value || undefined })} />
      <TextFilter label={t('traces.user')} value={search.user ?? ''} onChange={(value) => update({ user: value || undefined })} />
      <TextFilter label={t('traces.session')} value={search.session ?? ''} onChange={(value) => update({ session: value || undefined })} />
      <TextFilter label={t('traces.tag')} value={search.tag ?? ''} onChange={(value) => update({ tag: value || undefined })} />
      <TextFilter label={t('traces.environment')} value={search.environment ?? ''} onChange={(value) => update({ environment: value || undefined })} />
    </>
  );
  const filtered = Object.values(filters).some(Boolean);
  const empty = projectId !== null && !query.isPending && !query.isError && rows.length === 0;
  return (
    <Page title={t('nav.traces')} tools={tools} filters={filterRow} fill>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {projectId === null && <EmptyState title={t('overview.noProject')} hint={t('overview.noProjectHint')} />}
      {empty && <EmptyTraces filtered={filtered} projectId={projectId} />}
      {projectId !== null && !empty && <TraceRows query={query} rows={rows} projectId={projectId} />}
    </Page>
  );
}

interface RowsProps {
  query: { isPending: boolean; hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  rows: readonly ConsoleTraceRow[];
  projectId: string;
}

function TraceRows({ query, rows, projectId }: RowsProps): ReactNode {
  const { t } = useText();
  const navigate = route.useNavigate();
  const columns = useTraceColumns();
  const [active, setActive] = useState<string | null>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const onEndReached = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  return (
    <VirtualTable
      label={t('nav.traces')}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHeight={48}
      activeKey={active}
      onActivate={(row) => setActive(row.id)}
      onOpen={(row) => void navigate({ to: '/project/$projectId/traces/$traceId', params: { projectId, traceId: row.id } })}
      onEndReached={onEndReached}
      loading={query.isPending}
      loadingMore={isFetchingNextPage}
    />
  );
}

function EmptyTraces({ filtered, projectId }: { filtered: boolean; projectId: string }): ReactNode {
  const { t } = useText();
  const { doors, projects } = useSession();
  if (filtered) return <EmptyState title={t('traces.noMatch')} hint={t('common.noMatchHint')} />;
  const publicKey = projects.find((project) => project.id === projectId)?.publicKeys[0] ?? 'pk-lf-…';
  return (
    <EmptyState title={t('traces.empty')} hint={t('traces.emptyHint', { observe: doors.observe, publicKey })}>
      <FirstCall gateway={doors.gateway} />
    </EmptyState>
  );
}
