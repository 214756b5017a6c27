// Runs of a dataset side by side: as a whole with intervals, and item by item with what each answered.
import '#mantine-later.css';
import { Anchor, Breadcrumbs, Group, MultiSelect, Select, Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useMemo } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Page } from '#ui/page.tsx';
import { Aggregates } from './aggregates.tsx';
import { ComparedItemDrawer } from './item-drawer.tsx';
import { ComparedItems } from './items.tsx';
import { metricName } from './measure.tsx';
import { type Better, metricsOf, type Show, usuallyBetter, type View, visibleItems } from './rows.ts';
import { type ComparisonSearch, MAX_RUNS, runIds } from './url.ts';
import { allRunsQuery, comparedItemsQuery, type Run } from './use-comparison.ts';

const route = getRouteApi('/console/project/$projectId/datasets/$datasetName/compare');

export function ComparisonPage(): ReactNode {
  const { t } = useText();
  const { projectId, datasetName } = route.useParams();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = (change: Partial<ComparisonSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as ComparisonSearch, replace: true });
  const all = useQuery(allRunsQuery(projectId, datasetName));
  const chosen = useMemo(() => runIds(search).flatMap((id) => all.data?.find((run) => run.id === id) ?? []), [search, all.data]);
  return (
    <Page title={t('comparison.title')} filters={<Crumbs projectId={projectId} datasetName={datasetName} />}>
      {all.error && <ErrorState error={all.error} onRetry={() => void all.refetch()} />}
      {all.isPending && !all.error && <Skeleton height={240} radius="md" />}
      {all.data && (
        <MultiSelect
          aria-label={t('comparison.chooseRuns')}
          placeholder={chosen.length === 0 ? t('comparison.chooseRuns') : ''}
          data={all.data.map((run) => ({ value: run.id, label: run.name }))}
          value={chosen.map((run) => run.id)}
          onChange={(ids) => update({ runs: ids.join(',') })}
          maxValues={MAX_RUNS}
          searchable
          clearable
        />
      )}
      {all.data && chosen.length === 0 && <EmptyState title={t('comparison.empty')} hint={t('comparison.emptyHint')} />}
      {chosen.length > 0 && <Chosen projectId={projectId} datasetName={datasetName} runs={chosen} search={search} update={update} />}
    </Page>
  );
}

function Crumbs({ projectId, datasetName }: { projectId: string; datasetName: string }): ReactNode {
  const { t } = useText();
  return (
    <Breadcrumbs separator="/" separatorMargin={6}>
      <Anchor size="sm" renderRoot={(props) => <Link to="/ui/datasets" search={{ project: projectId }} {...props} />}>
        {t('nav.datasets')}
      </Anchor>
      <Anchor
        size="sm"
        renderRoot={(props) => <Link to="/project/$projectId/datasets/$datasetName" params={{ projectId, datasetName }} search={{ tab: 'runs' }} {...props} />}
      >
        {datasetName}
      </Anchor>
      <span className="quiet">{t('comparison.title')}</span>
    </Breadcrumbs>
  );
}

interface ChosenProps {
  projectId: string;
  datasetName: string;
  runs: readonly Run[];
  search: ComparisonSearch;
  update: (change: Partial<ComparisonSearch>) => void;
}

function Chosen({ projectId, datasetName, runs, search, update }: ChosenProps): ReactNode {
  const { t, language } = useText();
  const names = runs.map((run) => run.name);
  const query = useQuery(comparedItemsQuery(projectId, datasetName, names));
  const metrics = useMemo(() => metricsOf(query.data?.items ?? []), [query.data]);
  const view = viewOf(search, metrics);
  const betterOf = (metric: string): Better => (metric === view.metric ? view.better : usuallyBetter(metric));
  const items = useMemo(() => visibleItems(query.data?.items ?? [], view), [query.data, view]);
  return (
    <>
      <Aggregates projectId={projectId} datasetName={datasetName} runs={runs} metrics={metrics} betterOf={betterOf} />
      <Controls view={view} metrics={metrics} compares={runs.length > 1} update={update}>
        {query.data && (
          <Text size="sm" c="dimmed">
            {t('comparison.itemCount', { shown: formatCount(items.length, language), total: formatCount(query.data.items.length, language) })}
          </Text>
        )}
      </Controls>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && <Skeleton height={320} radius="md" />}
      {query.data && items.length === 0 && <EmptyState title={t('comparison.noItems')} hint={t('comparison.noItemsHint')} />}
      {items.length > 0 && (
        <ComparedItems projectId={projectId} runs={runs} items={items} metrics={metrics} betterOf={betterOf} onOpen={(item) => update({ item })} />
      )}
      <ComparedItemDrawer projectId={projectId} runs={runs} itemId={search.item ?? null} onClose={() => update({ item: '' })} />
    </>
  );
}

function viewOf(search: ComparisonSearch, metrics: readonly string[]): View {
  const metric = search.metric !== undefined && metrics.includes(search.metric) ? search.metric : (metrics[0] ?? '');
  const better = search.better === 'higher' || search.better === 'lower' ? search.better : usuallyBetter(metric);
  const show: Show = search.show === 'regressions' || search.show === 'improvements' ? search.show : 'all';
  return { metric, better, show, sort: search.sort === 'order' ? 'order' : 'difference' };
}

interface ControlsProps {
  view: View;
  metrics: readonly string[];
  compares: boolean;
  update: (change: Partial<ComparisonSearch>) => void;
  children: ReactNode;
}

function Controls({ view, metrics, compares, update, children }: ControlsProps): ReactNode {
  const { t } = useText();
  if (!compares) return <Group>{children}</Group>;
  return (
    <Group gap="xs" align="end">
      <Select
        label={t('comparison.metric')}
        w={170}
        allowDeselect={false}
        data={metrics.map((value) => ({ value, label: metricName(value, t) }))}
        value={view.metric}
        onChange={(metric) => update({ metric: metric ?? '', better: '' })}
      />
      <Select
        label={t('comparison.better')}
        w={110}
        allowDeselect={false}
        data={(['higher', 'lower'] as const).map((value) => ({ value, label: t(`comparison.better.${value}`) }))}
        value={view.better}
        onChange={(better) => update({ better: better ?? '' })}
      />
      <Select
        label={t('comparison.show')}
        w={160}
        allowDeselect={false}
        data={(['all', 'regressions', 'improvements'] as const).map((value) => ({ value, label: t(`comparison.show.${value}`) }))}
        value={view.show}
        onChange={(show) => update({ show: show === 'all' ? '' : (show ?? '') })}
      />
      <Select
        label={t('comparison.sort')}
        w={180}
        allowDeselect={false}
        data={(['difference', 'order'] as const).map((value) => ({ value, label: t(`comparison.sort.${value}`) }))}
        value={view.sort}
        onChange={(sort) => update({ sort: sort === 'order' ? 'order' : '' })}
      />
      {children}
    </Group>
  );
}
