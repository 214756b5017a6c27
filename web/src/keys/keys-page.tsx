// Virtual keys: who may call which models, up to which limits, and what each has spent.
import { Button, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useSession } from '#lib/session.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { InnerTable, type ListQuery } from '#ui/inner-table.tsx';
import { Page } from '#ui/page.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import { useKeyColumns } from './columns.tsx';
import { DeleteDialog } from './delete-dialog.tsx';
import { KeyDialog } from './key-dialog.tsx';
import type { VirtualKeyRow } from './key-values.ts';
import { keysQuery, useKeyChanges } from './use-keys.ts';

const route = getRouteApi('/console/ui/keys');

/** Which dialog is open, and for which key. */
type Dialog = { kind: 'create' } | { kind: 'edit'; row: VirtualKeyRow } | { kind: 'delete'; row: VirtualKeyRow } | null;

export function KeysPage(): ReactNode {
  const { t, language } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const { user } = useSession();
  const [dialog, setDialog] = useState<Dialog>(null);
  const query = useInfiniteQuery(keysQuery(search.search ?? ''));
  const rows = useMemo(() => query.data?.pages.flatMap((page) => page.keys) ?? [], [query.data]);
  const total = query.data?.pages[0]?.total_count;
  const mayChange = user.role !== 'viewer';
  const tools = mayChange && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setDialog({ kind: 'create' })}>
      {t('keys.create')}
    </Button>
  );
  const aside =
    total === undefined ? null : (
      <Text size="sm" c="dimmed">
        {formatCount(total, language)}
      </Text>
    );
  const filters = (
    <SearchInput
      value={search.search ?? ''}
      placeholder={t('keys.search')}
      onChange={(value) => void navigate({ search: value ? { search: value } : {}, replace: true })}
    />
  );
  const close = () => setDialog(null);
  return (
    <Page title={t('nav.keys')} aside={aside} tools={tools} filters={filters} fill>
      {query.error && rows.length > 0 && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      <KeyRows query={query} rows={rows} filtered={Boolean(search.search)} mayChange={mayChange} onDialog={setDialog} />
      <KeyDialog opened={dialog?.kind === 'create' || dialog?.kind === 'edit'} row={dialog?.kind === 'edit' ? dialog.row : null} onClose={close} />
      <DeleteDialog row={dialog?.kind === 'delete' ? dialog.row : null} onClose={close} />
    </Page>
  );
}

interface RowsProps {
  query: ListQuery;
  rows: readonly VirtualKeyRow[];
  filtered: boolean;
  mayChange: boolean;
  onDialog: (dialog: Dialog) => void;
}

function KeyRows({ query, rows, filtered, mayChange, onDialog }: RowsProps): ReactNode {
  const { t } = useText();
  const { block } = useKeyChanges();
  const columns = useKeyColumns({
    mayChange,
    onEdit: (row) => onDialog({ kind: 'edit', row }),
    onDelete: (row) => onDialog({ kind: 'delete', row }),
    onBlock: (row) => block.mutate({ token: row.token, blocked: row.blocked !== true }),
  });
  return (
    <>
      {block.error && <ErrorState error={block.error} />}
      <InnerTable
        label={t('nav.keys')}
        query={query}
        columns={columns}
        rows={rows}
        rowKey={(row) => row.token}
        rowHeight={46}
        onOpen={(row) => mayChange && onDialog({ kind: 'edit', row })}
        empty={
          filtered ? (
            <EmptyState title={t('keys.noMatch')} hint={t('common.noMatchHint')} />
          ) : (
            <EmptyState title={t('keys.empty')} hint={t('keys.emptyHint')}>
              <div style={{ textAlign: 'center' }}>{mayChange && <Button onClick={() => onDialog({ kind: 'create' })}>{t('keys.create')}</Button>}</div>
            </EmptyState>
          )
        }
      />
    </>
  );
}
