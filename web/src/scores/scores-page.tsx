// The scores of a project, newest first: what was judged, by whom, and the way to the trace.
import '#mantine-later.css';
import { Badge, Select } from '@mantine/core';
import { infiniteQueryOptions, keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { useProjectId } from '#lib/session.tsx';
import { readTimeRange, resolveTimeRange, type TimeRange, writeTimeRange } from '#lib/time-range.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { ListPage } from '#ui/list-page.tsx';
import { TextFilter } from '#ui/text-filter.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { type ScoreRow, scoreText } from './score-text.ts';
import type { ScoresSearch } from './url.ts';

const route = getRouteApi('/console/ui/scores');
const PAGE_SIZE = 100;
const SOURCES = ['API', 'EVAL', 'ANNOTATION'] as const;

interface ScoresPageAnswer {
  data: ScoreRow[];
  meta: { page: number; totalPages: number };
}

function scoresQuery(projectId: string, range: TimeRange, filters: { name?: string | undefined; source?: string | undefined }) {
  return infiniteQueryOptions({
    queryKey: ['scores', projectId, range, filters],
    queryFn: ({ pageParam, signal }) => {
      const { from, to } = resolveTimeRange(range, Date.now());
      const query = { page: pageParam, limit: PAGE_SIZE, fromTimestamp: from, toTimestamp: to, ...filters };
      return api<ScoresPageAnswer>('/api/public/v2/scores', { projectId, query, signal });
    },
    initialPageParam: 1,
    getNextPageParam: ({ meta }) => (meta.page < meta.totalPages ? meta.page + 1 : undefined),
    placeholderData: keepPreviousData,
  });
}

export function ScoresPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = (change: { [Name in keyof ScoresSearch]?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...change }) as ScoresSearch, replace: true });
  const projectId = useProjectId(search.project);
  const range = readTimeRange(search, '7d');
  const filters = { name: search.name, source: search.source };
  const query = useInfiniteQuery({ ...scoresQuery(projectId ?? '', range, filters), enabled: projectId !== null });
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const columns = useColumns();
  const open = (row: ScoreRow) => {
    const project = projectId as string;
    if (row.traceId !== null)
      void navigate({
        to: '/project/$projectId/traces/$traceId',
        params: { projectId: project, traceId: row.traceId },
        search: row.observationId === null ? {} : { observation: row.observationId },
      });
    else if (row.sessionId !== null)
      void navigate({ to: '/project/$projectId/sessions/$sessionId', params: { projectId: project, sessionId: row.sessionId }, search: {} });
  };
  const filterRow = (
    <>
      <TextFilter label={t('traces.name')} value={search.name ?? ''} onChange={(value) => update({ name: value || undefined })} width={200} />
      <Select
        w={160}
        clearable
        aria-label={t('scores.source')}
        placeholder={t('scores.source')}
        value={search.source ?? null}
        data={SOURCES.map((source) => ({ value: source, label: t(`scores.source.${source}`) }))}
        onChange={(value) => update({ source: value ?? undefined })}
      />
    </>
  );
  return (
    <ListPage
      title={t('nav.scores')}
      projectId={projectId}
      onProject={(project) => update({ project })}
      range={{ value: range, onChange: (value) => update(writeTimeRange(value)) }}
      filters={filterRow}
      query={query}
      views={{ list: 'scores', search: { ...search }, replace: (next) => void navigate({ search: next as ScoresSearch, replace: true }) }}
      columns={columns}
      rows={rows}
      rowKey={(row) => row.id}
      rowHeight={36}
      onOpen={open}
      empty={
        search.name || search.source ? (
          <EmptyState title={t('scores.noMatch')} hint={t('common.noMatchHint')} />
        ) : (
          <EmptyState title={t('scores.empty')} hint={t('scores.emptyHint')} />
        )
      }
    />
  );
}

function useColumns(): Column<ScoreRow>[] {
  const { t } = useText();
  return [
    { id: 'time', header: t('common.time'), width: '128px', minTableWidth: 460, render: (row) => <Instant at={row.timestamp} /> },
    { id: 'name', header: t('traces.name'), width: 'minmax(110px, 1fr)', render: (row) => <span className="truncate">{row.name}</span> },
    { id: 'value', header: t('scores.value'), width: 'minmax(80px, 0.8fr)', render: (row) => <span className="numeric truncate">{scoreText(row)}</span> },
    { id: 'source', header: t('scores.source'), width: '110px', render: (row) => <SourceBadge source={row.source} /> },
    {
      id: 'comment',
      header: t('scores.comment'),
      width: 'minmax(120px, 2fr)',
      minTableWidth: 720,
      render: (row) => <span title={row.comment ?? undefined}>{row.comment ?? <span className="quiet">–</span>}</span>,
    },
    {
      id: 'on',
      header: t('scores.on'),
      width: 'minmax(120px, 1.2fr)',
      minTableWidth: 860,
      render: (row) => <span className="quiet truncate">{row.observationId ?? row.traceId ?? row.sessionId ?? row.datasetRunId ?? '–'}</span>,
    },
  ];
}

function SourceBadge({ source }: { source: string }): ReactNode {
  const { t } = useText();
  const known = SOURCES.find((one) => one === source);
  return <Badge color={source === 'ANNOTATION' ? 'teal' : source === 'EVAL' ? 'ink' : 'gray'}>{known ? t(`scores.source.${known}`) : source}</Badge>;
}
