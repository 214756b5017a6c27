// One dashboard: its tiles over a time range and environments, looked at again by itself, and open for changes.
import '#mantine-later.css';
import type { FilterCondition } from '@genai/server/contract';
import type { ConsoleDashboard } from '@genai/server/contract-metrics';
import { Badge, Button, MultiSelect, Select, Skeleton } from '@mantine/core';
import { IconCopy, IconPencil } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { readTimeRange, writeTimeRange } from '#lib/time-range.ts';
import { environmentsQuery, metricsOptionsQuery } from '#metrics/use-metrics.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Page } from '#ui/page.tsx';
import { TimeRangePicker } from '#ui/time-range-picker.tsx';
import { DashboardEditor } from './dashboard-editor.tsx';
import { DashboardGrid } from './dashboard-grid.tsx';
import type { Look } from './tile-frame.tsx';
import type { DashboardSearch } from './url.ts';
import { dashboardQuery, useDashboardChanges } from './use-dashboards.ts';

const route = getRouteApi('/console/project/$projectId/dashboards/$dashboardId');
const REFRESH = ['30', '60', '300'] as const;

export function DashboardPage(): ReactNode {
  const { t, language } = useText();
  const { projectId, dashboardId } = route.useParams();
  const mayChange = useMayChange(projectId);
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = (part: { [Name in keyof DashboardSearch]?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...part }) as DashboardSearch, replace: true });
  const query = useQuery(dashboardQuery(projectId, dashboardId));
  const { cloneDashboard } = useDashboardChanges(projectId);
  const look = useLook(projectId, search);
  const dashboard = query.data;
  const editing = mayChange && search.edit !== undefined && dashboard?.owner === 'PROJECT';
  const clone = () =>
    cloneDashboard.mutate(
      { id: dashboardId, language: language as 'en' | 'ja' },
      {
        onSuccess: ({ id }) =>
          void navigate({ to: '/project/$projectId/dashboards/$dashboardId', params: { projectId, dashboardId: id }, search: { edit: '1' } }),
      },
    );
  const tools = dashboard && mayChange && !editing && (
    <>
      <Button variant="default" leftSection={<IconCopy size={14} />} loading={cloneDashboard.isPending} onClick={clone}>
        {t('dashboards.clone')}
      </Button>
      {dashboard.owner === 'PROJECT' && (
        <Button leftSection={<IconPencil size={14} />} onClick={() => update({ edit: '1' })}>
          {t('dashboards.edit')}
        </Button>
      )}
    </>
  );
  return (
    <Page
      title={dashboard?.names?.[language as 'en' | 'ja'] ?? dashboard?.name ?? t('nav.dashboards')}
      aside={dashboard?.owner === 'PLATFORM' && <Badge color="gray">{t('dashboards.builtIn')}</Badge>}
      tools={
        <>
          {tools}
          <Filters projectId={projectId} search={search} look={look} onChange={update} />
        </>
      }
    >
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {cloneDashboard.error && <ErrorState error={cloneDashboard.error} />}
      {query.isPending && <Skeleton height={360} radius="md" />}
      {dashboard && !editing && <Shown dashboard={dashboard} look={look} />}
      {dashboard && editing && <DashboardEditor key={dashboard.id} dashboard={dashboard} look={look} onDone={() => update({ edit: undefined })} />}
    </Page>
  );
}

function Shown({ dashboard, look }: { dashboard: ConsoleDashboard; look: Look }): ReactNode {
  const { t } = useText();
  const { widgets } = dashboard.definition;
  if (widgets.length === 0) return <EmptyState title={t('dashboards.emptyOne')} hint={t('dashboards.emptyOneHint')} />;
  return <DashboardGrid tiles={widgets} look={{ ...look, further: [...dashboard.filters, ...look.further] }} />;
}

function useLook(projectId: string, search: DashboardSearch): Look {
  const options = useQuery(metricsOptionsQuery(projectId)).data;
  const environments = environmentsOf(search);
  const further: FilterCondition[] =
    environments.length === 0 ? [] : [{ type: 'stringOptions', column: 'environment', operator: 'any of', value: environments }];
  const seconds = REFRESH.find((one) => one === search.refresh);
  return { projectId, range: readTimeRange(search), further, options, refreshMs: seconds === undefined ? false : Number(seconds) * 1000 };
}

const environmentsOf = (search: DashboardSearch): string[] => search.environment?.split(',').filter((one) => one !== '') ?? [];

interface FiltersProps {
  projectId: string;
  search: DashboardSearch;
  look: Look;
  onChange: (part: { [Name in keyof DashboardSearch]?: string | undefined }) => void;
}

function Filters({ projectId, search, look, onChange }: FiltersProps): ReactNode {
  const { t } = useText();
  const chosen = environmentsOf(search);
  const found = useQuery(environmentsQuery(projectId, look.range)).data ?? [];
  return (
    <>
      <MultiSelect
        size="xs"
        miw={150}
        maw={300}
        aria-label={t('dashboards.environments')}
        placeholder={chosen.length === 0 ? t('dashboards.allEnvironments') : undefined}
        value={chosen}
        data={[...new Set([...found, ...chosen])]}
        onChange={(value) => onChange({ environment: value.length === 0 ? undefined : value.join(',') })}
      />
      <TimeRangePicker value={look.range} onChange={(range) => onChange(writeTimeRange(range))} />
      <Select
        w={108}
        aria-label={t('dashboards.refresh')}
        allowDeselect={false}
        value={REFRESH.find((one) => one === search.refresh) ?? ''}
        data={[{ value: '', label: t('dashboards.refresh.off') }, ...REFRESH.map((value) => ({ value, label: t(`dashboards.refresh.${value}`) }))]}
        onChange={(value) => onChange({ refresh: value || undefined })}
      />
    </>
  );
}
