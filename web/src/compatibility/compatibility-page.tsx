// Which SDKs and versions talk to this server in a project's name, when they were last seen, and what was refused and why.
import '#mantine-later.css';
import { Badge, Drawer, Stack, Table, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useProjectId } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { Facts } from '#ui/facts.tsx';
import { Instant } from '#ui/instant.tsx';
import { ListPage } from '#ui/list-page.tsx';
import type { Column } from '#ui/virtual-table.tsx';
import type { CompatibilitySearch } from './url.ts';

const route = getRouteApi('/console/ui/compatibility');

interface Client {
  name: string;
  version: string;
  userAgent: string;
  firstSeen: string;
  lastSeen: string;
  requests: number;
  refused: number;
  routes: { route: string; requests: number }[];
  reasons: { reason: string; count: number; lastAt: string }[];
}

const keyOf = (client: Client): string => `${client.name} ${client.version}`;

export function CompatibilityPage(): ReactNode {
  const { t, language } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const projectId = useProjectId(search.project);
  const query = useQuery({
    queryKey: ['clients', projectId],
    queryFn: ({ signal }) =>
      api<{ data: Client[]; since: string; mostClients: number }>('/api/public/unstable/clients', { projectId: projectId ?? '', signal }),
    enabled: projectId !== null,
    refetchInterval: 10_000,
  });
  const update = (change: Partial<CompatibilitySearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as CompatibilitySearch, replace: true });
  const rows = query.data?.data ?? [];
  const open = rows.find((client) => keyOf(client) === search.client);
  return (
    <>
      <ListPage
        title={t('nav.compatibility')}
        projectId={projectId}
        onProject={(project) => update({ project })}
        filters={
          query.data && (
            <Text size="sm" c="dimmed">
              {t('compatibility.since')} <Instant at={query.data.since} />
              {'. '}
              {t('compatibility.bound', { count: formatCount(query.data.mostClients, language) })}
            </Text>
          )
        }
        query={{ ...query, hasNextPage: false, isFetchingNextPage: false, fetchNextPage: () => undefined }}
        columns={useColumns()}
        rows={rows}
        rowKey={keyOf}
        onOpen={(row) => update({ client: keyOf(row) })}
        empty={<EmptyState title={t('compatibility.empty')} hint={t('compatibility.emptyHint')} />}
      />
      <Drawer
        opened={open !== undefined}
        onClose={() => update({ client: '' })}
        title={open === undefined ? '' : keyOf(open)}
        size="lg"
        closeButtonProps={{ 'aria-label': t('common.close') }}
      >
        {open && <Details client={open} />}
      </Drawer>
    </>
  );
}

function useColumns(): Column<Client>[] {
  const { t, language } = useText();
  return [
    {
      id: 'name',
      header: t('compatibility.client'),
      width: 'minmax(140px, 1.6fr)',
      render: (row) => <span className="truncate">{row.name || t('common.unknown')}</span>,
    },
    { id: 'version', header: t('traces.version'), width: 'minmax(80px, 0.8fr)', render: (row) => row.version || <span className="quiet">–</span> },
    {
      id: 'agent',
      header: 'User-Agent',
      width: 'minmax(140px, 1.6fr)',
      minTableWidth: 860,
      render: (row) => <span className="quiet truncate">{row.userAgent || '–'}</span>,
    },
    { id: 'requests', header: t('compatibility.requests'), width: '100px', align: 'end', render: (row) => formatCount(row.requests, language) },
    {
      id: 'refused',
      header: t('compatibility.refused'),
      width: '100px',
      align: 'end',
      render: (row) => (row.refused > 0 ? <Badge color="red">{formatCount(row.refused, language)}</Badge> : <span className="quiet">–</span>),
    },
    { id: 'reason', header: t('compatibility.lastReason'), width: 'minmax(140px, 2fr)', minTableWidth: 720, render: (row) => <Reason client={row} /> },
    { id: 'last', header: t('compatibility.lastSeen'), width: '128px', render: (row) => <Instant at={row.lastSeen} /> },
  ];
}

function Reason({ client }: { client: Client }): ReactNode {
  const reason = client.reasons[0]?.reason;
  return reason === undefined ? <span className="quiet">–</span> : <span title={reason}>{reason}</span>;
}

function Details({ client }: { client: Client }): ReactNode {
  const { t, language } = useText();
  return (
    <Stack gap="md">
      <Facts
        items={[
          ['User-Agent', client.userAgent],
          [t('compatibility.firstSeen'), <Instant key="first" at={client.firstSeen} />],
          [t('compatibility.lastSeen'), <Instant key="last" at={client.lastSeen} />],
        ]}
      />
      <Title order={3}>{t('compatibility.reasons')}</Title>
      {client.reasons.length === 0 ? (
        <Text c="dimmed">{t('compatibility.nothingRefused')}</Text>
      ) : (
        <Counts rows={client.reasons.map(({ reason, count, lastAt }) => ({ name: reason, count: formatCount(count, language), at: lastAt }))} />
      )}
      <Title order={3}>{t('compatibility.routes')}</Title>
      <Counts rows={client.routes.map((one) => ({ name: one.route, count: formatCount(one.requests, language), at: null }))} />
    </Stack>
  );
}

function Counts({ rows }: { rows: readonly { name: string; count: string; at: string | null }[] }): ReactNode {
  return (
    <Table verticalSpacing={4}>
      <Table.Tbody>
        {rows.map((row) => (
          <Table.Tr key={row.name}>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{row.name}</Table.Td>
            <Table.Td ta="end" className="numeric">
              {row.count}
            </Table.Td>
            {row.at !== null && (
              <Table.Td w={140}>
                <Instant at={row.at} />
              </Table.Td>
            )}
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}
