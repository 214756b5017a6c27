// A paged table inside a page: its error, its emptiness, its rows.
import { type ReactNode, useCallback, useState } from 'react';
import { ErrorState } from './error-state.tsx';
import { type Column, VirtualTable } from './virtual-table.tsx';

/** What a list asks of its query; an infinite query of TanStack fits. */
export interface ListQuery {
  isPending: boolean;
  isError: boolean;
  isFetching: boolean;
  error: Error | null;
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => unknown;
  refetch: () => unknown;
}

export interface InnerTableProps<Row> {
  label: string;
  query: ListQuery;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  rowHeight?: number;
  onOpen: (row: Row) => void;
  empty: ReactNode;
}

export function InnerTable<Row>({ label, query, columns, rows, rowKey, rowHeight = 40, onOpen, empty }: InnerTableProps<Row>): ReactNode {
  const [active, setActive] = useState<string | null>(null);
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query;
  const onEndReached = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [hasNextPage, isFetchingNextPage, fetchNextPage]);
  if (query.error && rows.length === 0) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.isPending && rows.length === 0) return empty;
  return (
    <VirtualTable
      label={label}
      columns={columns}
      rows={rows}
      rowKey={rowKey}
      rowHeight={rowHeight}
      activeKey={active}
      onActivate={(row) => setActive(rowKey(row))}
      onOpen={onOpen}
      onEndReached={onEndReached}
      loading={query.isPending}
      loadingMore={isFetchingNextPage}
    />
  );
}
