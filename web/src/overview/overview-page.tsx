// The overview: what happened in a range of time, what it cost, how fast it was, and who used what.
import type { ConsoleOverview } from '@genai/server/contract';
import { Loader, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense } from 'react';
import { overviewQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useProjectId, useSession } from '#lib/session.tsx';
import { readTimeRange, writeTimeRange } from '#lib/time-range.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { FirstCall } from '#ui/first-call.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { TimeRangePicker } from '#ui/time-range-picker.tsx';
import { Breakdown } from './breakdown.tsx';
import styles from './overview.module.css';
import { Tiles } from './tiles.tsx';
import type { OverviewSearch } from './url.ts';

// The chart library is a third of a megabyte: it comes after the figures.
const Charts = lazy(() => import('./charts.tsx').then((module) => ({ default: module.Charts })));
const route = getRouteApi('/console/ui/overview');

export function OverviewPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const range = readTimeRange(search);
  const overview = useQuery({ ...overviewQuery(projectId ?? '', range), enabled: projectId !== null });
  const tools = (
    <>
      {overview.isFetching && overview.data && <Loader size={14} aria-label={t('common.loading')} />}
      <ProjectPicker value={projectId} onChange={(project) => void navigate({ search: (old) => ({ ...old, project }) })} />
      <TimeRangePicker value={range} onChange={(value) => void navigate({ search: (old) => ({ ...old, ...writeTimeRange(value) }) as OverviewSearch })} />
    </>
  );
  return (
    <Page title={t('nav.overview')} tools={tools}>
      {overview.error && <ErrorState error={overview.error} onRetry={() => void overview.refetch()} />}
      <OverviewBody query={overview} noProject={projectId === null} />
    </Page>
  );
}

function OverviewBody({ query, noProject }: { query: { data: ConsoleOverview | undefined; isError: boolean }; noProject: boolean }): ReactNode {
  const { t } = useText();
  const { doors } = useSession();
  if (noProject) return <EmptyState title={t('overview.noProject')} hint={t('overview.noProjectHint')} />;
  const { data } = query;
  if (!data) return query.isError ? null : <Placeholder />;
  if (data.totals.calls === 0 && data.totals.traces === 0)
    return (
      <EmptyState title={t('overview.empty')} hint={t('overview.emptyHint')}>
        <FirstCall gateway={doors.gateway} />
      </EmptyState>
    );
  return (
    <>
      <Tiles overview={data} />
      <Suspense fallback={<ChartPlaceholder />}>
        <Charts overview={data} />
      </Suspense>
      <div className={styles.thirds}>
        <Breakdown title={t('overview.byModel')} rows={data.byModel} currency={data.totals.currency} />
        <Breakdown title={t('overview.byKey')} rows={data.byKey} currency={data.totals.currency} />
        <Breakdown title={t('overview.byTeam')} rows={data.byTeam} currency={data.totals.currency} />
      </div>
    </>
  );
}

function Placeholder(): ReactNode {
  return (
    <>
      <Skeleton height={86} radius="md" />
      <ChartPlaceholder />
      <Skeleton height={180} radius="md" />
    </>
  );
}

function ChartPlaceholder(): ReactNode {
  return (
    <div className={styles.thirds}>
      <Skeleton height={230} radius="md" />
      <Skeleton height={230} radius="md" />
      <Skeleton height={230} radius="md" />
    </div>
  );
}
