// Teams: who belongs together, which models they may call, what they may spend and have spent.
import { Badge, Button, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { InnerTable } from '#ui/inner-table.tsx';
import { Page } from '#ui/page.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import { SpendCell } from '#ui/spend-cell.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import { TeamDialog } from './team-dialog.tsx';
import { TeamDrawer } from './team-drawer.tsx';
import type { TeamRow } from './team-values.ts';
import type { TeamsSearch } from './url.ts';
import { teamsQuery } from './use-teams.ts';

const route = getRouteApi('/console/ui/teams');

export function TeamsPage(): ReactNode {
  const { t, language } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [creating, setCreating] = useState(false);
  const query = useInfiniteQuery(teamsQuery(search.search ?? ''));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.teams) ?? [], [query.data]);
  const update = (change: { [Name in keyof TeamsSearch]?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...change }) as TeamsSearch, replace: true });
  const columns = useColumns();
  const total = query.data?.pages[0]?.total;
  const create = (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setCreating(true)}>
      {t('teams.create')}
    </Button>
  );
  return (
    <Page
      title={t('nav.teams')}
      aside={
        total !== undefined && (
          <Text size="sm" c="dimmed">
            {formatCount(total, language)}
          </Text>
        )
      }
      tools={create}
      filters={<SearchInput value={search.search ?? ''} placeholder={t('teams.search')} onChange={(value) => update({ search: value || undefined })} />}
      fill
    >
      <InnerTable
        label={t('nav.teams')}
        query={query}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.team_id}
        rowHeight={46}
        onOpen={(row) => update({ team: row.team_id })}
        empty={
          search.search ? (
            <EmptyState title={t('teams.noMatch')} hint={t('teams.noMatchHint')} />
          ) : (
            <EmptyState title={t('teams.empty')} hint={t('teams.emptyHint')}>
              <div style={{ textAlign: 'center' }}>{create}</div>
            </EmptyState>
          )
        }
      />
      <TeamDialog opened={creating} row={null} onClose={() => setCreating(false)} />
      <TeamDrawer team={rows.find((row) => row.team_id === search.team) ?? null} onClose={() => update({ team: undefined })} />
    </Page>
  );
}

function useColumns(): Column<TeamRow>[] {
  const { t, language } = useText();
  const limits = (row: TeamRow) =>
    [
      row.rpm_limit === null ? null : `${formatCount(row.rpm_limit, language)} rpm`,
      row.tpm_limit === null ? null : `${formatCount(row.tpm_limit, language)} tpm`,
    ]
      .filter(Boolean)
      .join(' · ');
  return [
    {
      id: 'alias',
      header: t('requests.team'),
      width: 'minmax(130px, 1.3fr)',
      render: (row) => (
        <span className="truncate" title={row.team_id}>
          {row.team_alias ?? row.team_id}
        </span>
      ),
    },
    {
      id: 'status',
      header: t('keys.status'),
      width: '84px',
      minTableWidth: 420,
      render: (row) => <Badge color={row.blocked ? 'red' : 'teal'}>{row.blocked ? t('keys.blocked') : t('keys.active')}</Badge>,
    },
    { id: 'members', header: t('teams.members'), width: '84px', align: 'end', render: (row) => formatCount(row.members_with_roles.length, language) },
    {
      id: 'models',
      header: t('nav.models'),
      width: 'minmax(110px, 1.3fr)',
      minTableWidth: 640,
      render: (row) =>
        row.models.length > 0 ? <span title={row.models.join('\n')}>{row.models.join(', ')}</span> : <span className="quiet">{t('keys.allModels')}</span>,
    },
    { id: 'spend', header: t('keys.spend'), width: 'minmax(136px, 1.1fr)', render: (row) => <SpendCell spend={row.spend} maxBudget={row.max_budget} /> },
    {
      id: 'limits',
      header: t('keys.limits'),
      width: 'minmax(110px, 1fr)',
      minTableWidth: 820,
      render: (row) => limits(row) || <span className="quiet">{t('keys.unlimited')}</span>,
    },
  ];
}
