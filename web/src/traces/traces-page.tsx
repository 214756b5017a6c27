// The traces of a project: a table with time range, search and filters that live in the URL.
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useCallback, useMemo } from 'react';
import { tracesQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useProjectId, useSession } from '#lib/session.tsx';
import { readTimeRange, writeTimeRange } from '#lib/time-range.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { FirstCall } from '#ui/first-call.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import { TextFilter } from '#ui/text-filter.tsx';
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
  const columns = useTraceColumns();
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
  return (
    <ListPage
      title={t('nav.traces')}
      projectId={projectId}
      onProject={(project) => update({ project })}
      range={{ value: range, onChange: (value) => update(writeTimeRange(value)) }}
      filters={filterRow}
      query={query}
      views={{ list: 'traces', search: { ...search }, replace: (next) => void navigate({ search: next as TracesSearch, replace: true }) }}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHeight={48}
      onOpen={(row) => void navigate({ to: '/project/$projectId/traces/$traceId', params: { projectId: projectId as string, traceId: row.id } })}
      empty={<EmptyTraces filtered={filtered} projectId={projectId as string} />}
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
