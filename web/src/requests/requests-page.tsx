// The request log: every call of the gateway, newest first, with filters in the URL and a drawer for the one that is open.
import '#mantine-later.css';
import type { ConsoleRequest } from '@genai/server/contract';
import { ActionIcon, Select, Switch, Tooltip } from '@mantine/core';
import { IconRefresh } from '@tabler/icons-react';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useCallback, useMemo, useState } from 'react';
import { modelsQuery, requestsQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useSession } from '#lib/session.tsx';
import { readTimeRange, writeTimeRange } from '#lib/time-range.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { FirstCall } from '#ui/first-call.tsx';
import { Page } from '#ui/page.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import { TextFilter } from '#ui/text-filter.tsx';
import { TimeRangePicker } from '#ui/time-range-picker.tsx';
import { VirtualTable } from '#ui/virtual-table.tsx';
import { useRequestColumns } from './columns.tsx';
import { RequestDrawer } from './request-drawer.tsx';
import { OUTCOMES, type RequestsSearch } from './url.ts';

const route = getRouteApi('/console/ui/requests');

export function RequestsPage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const update = useCallback(
    (change: Partial<Record<keyof RequestsSearch, string | undefined>>) =>
      void navigate({ search: (old) => ({ ...old, ...change }) as RequestsSearch, replace: true }),
    [navigate],
  );
  const range = readTimeRange(search);
  const live = search.live === '1' && range.kind === 'window';
  const filters = { model: search.model, keyAlias: search.key, outcome: search.outcome, search: search.search };
  const query = useInfiniteQuery(requestsQuery(range, filters, live));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.data) ?? [], [query.data]);
  const tools = (
    <>
      <Switch
        size="xs"
        label={t('requests.live')}
        checked={live}
        disabled={range.kind !== 'window'}
        onChange={(event) => update({ live: event.currentTarget.checked ? '1' : undefined })}
      />
      <Tooltip label={t('common.refresh')}>
        <ActionIcon variant="default" size={30} aria-label={t('common.refresh')} loading={query.isFetching && !live} onClick={() => void query.refetch()}>
          <IconRefresh size={15} />
        </ActionIcon>
      </Tooltip>
      <TimeRangePicker value={range} onChange={(value) => update(writeTimeRange(value))} />
    </>
  );
  return (
    <Page title={t('nav.requests')} tools={tools} filters={<Filters search={search} update={update} />} fill>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      <RequestRows query={query} rows={rows} search={search} update={update} />
    </Page>
  );
}

type Update = (change: Partial<Record<keyof RequestsSearch, string | undefined>>) => void;

function Filters({ search, update }: { search: RequestsSearch; update: Update }): ReactNode {
  const { t } = useText();
  const models = useQuery(modelsQuery);
  const names = models.data?.data.map((model) => model.name) ?? [];
  const data = search.model && !names.includes(search.model) ? [...names, search.model] : names;
  return (
    <>
      <SearchInput value={search.search ?? ''} placeholder={t('requests.search')} onChange={(value) => update({ search: value || undefined })} />
      <Select
        w={170}
        clearable
        searchable
        aria-label={t('common.model')}
        placeholder={t('common.model')}
        data={data}
        value={search.model ?? null}
        onChange={(value) => update({ model: value ?? undefined })}
      />
      <TextFilter label={t('requests.keyAlias')} value={search.key ?? ''} onChange={(value) => update({ key: value || undefined })} />
      <Select
        w={140}
        clearable
        aria-label={t('requests.outcome')}
        placeholder={t('requests.outcome')}
        data={OUTCOMES.map((outcome) => ({ value: outcome, label: t(`outcome.${outcome}`) }))}
        value={search.outcome ?? null}
        onChange={(value) => update({ outcome: value ?? undefined })}
      />
    </>
  );
}

interface RowsProps {
  query: { data: unknown; isPending: boolean; isError: boolean; hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown };
  rows: readonly ConsoleRequest[];
  search: RequestsSearch;
  update: Update;
}

function RequestRows({ query, rows, search, update }: RowsProps): ReactNode {
  const { t } = useText();
  const { doors } = useSession();
  const columns = useRequestColumns();
  const [active, setActive] = useState<string | null>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const onEndReached = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  const open = search.call ?? null;
  const filtered = Boolean(search.search || search.model || search.key || search.outcome);
  const activate = (row: ConsoleRequest) => {
    setActive(row.callId);
    // With the drawer open, j and k walk through it.
    if (open !== null) update({ call: row.callId });
  };
  const drawer = <RequestDrawer callId={open} row={rows.find((row) => row.callId === open) ?? null} onClose={() => update({ call: undefined })} />;
  if (!query.isPending && !query.isError && rows.length === 0)
    return (
      <>
        {filtered ? (
          <EmptyState title={t('requests.noMatch')} hint={t('common.noMatchHint')} />
        ) : (
          <EmptyState title={t('requests.empty')} hint={t('requests.emptyHint')}>
            <FirstCall gateway={doors.gateway} />
          </EmptyState>
        )}
        {drawer}
      </>
    );
  return (
    <>
      <VirtualTable
        label={t('nav.requests')}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.callId}
        activeKey={open ?? active}
        onActivate={activate}
        onOpen={(row) => update({ call: row.callId })}
        onEndReached={onEndReached}
        loading={query.isPending}
        loadingMore={isFetchingNextPage}
      />
      {drawer}
    </>
  );
}
