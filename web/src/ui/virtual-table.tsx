// A dense table that draws only the rows in sight, with j/k/Enter, columns that leave on narrow screens, and a call for more at the end.
import { Skeleton } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useEffect, useRef } from 'react';
import { useShortcuts } from '#lib/shortcuts.ts';
import styles from './virtual-table.module.css';

/** Height of the header row, which stays on top while the rows scroll beneath it. */
const HEAD_HEIGHT = 32;

export interface Column<Row> {
  id: string;
  header: string;
  /** A CSS grid track: `96px`, `minmax(140px, 1fr)`. */
  width: string;
  align?: 'end';
  /** Shown only when the table is at least this wide, in pixels. */
  minTableWidth?: number;
  /** Shown only when the table is narrower than this: the short form of a wide column. */
  maxTableWidth?: number;
  render: (row: Row) => ReactNode;
}

export interface VirtualTableProps<Row> {
  /** Accessible name. */
  label: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  rowKey: (row: Row) => string;
  activeKey: string | null;
  onActivate: (row: Row) => void;
  onOpen: (row: Row) => void;
  onEndReached?: (() => void) | undefined;
  loadingMore?: boolean;
  /** Skeleton rows instead of content while the first page is on its way. */
  loading?: boolean;
  rowHeight?: number;
}

// biome-ignore-start lint/a11y/useSemanticElements: rows are placed by the virtualizer inside a grid, which <table> elements cannot be; the roles say what they are.
export function VirtualTable<Row>(props: VirtualTableProps<Row>): ReactNode {
  const { label, rows, rowKey, activeKey, rowHeight = 34, onEndReached } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const { ref: sizer, width } = useElementSize();
  const columns = props.columns.filter(
    (column) => width === 0 || (width >= (column.minTableWidth ?? 0) && width < (column.maxTableWidth ?? Number.POSITIVE_INFINITY)),
  );
  const template = columns.map((column) => column.width).join(' ');
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingStart: HEAD_HEIGHT,
  });
  const items = virtualizer.getVirtualItems();
  const lastIndex = items.at(-1)?.index ?? -1;

  useEffect(() => {
    if (rows.length > 0 && lastIndex >= rows.length - 10) onEndReached?.();
  }, [lastIndex, rows.length, onEndReached]);

  const activeIndex = rows.findIndex((row) => rowKey(row) === activeKey);
  const move = (step: number) => (event: KeyboardEvent) => {
    const index = activeIndex < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, activeIndex + step));
    const row = rows[index];
    if (!row) return;
    event.preventDefault();
    props.onActivate(row);
    virtualizer.scrollToIndex(index);
  };
  const open = (event: KeyboardEvent) => {
    const row = rows[activeIndex];
    if (!row || (event.target as HTMLElement).closest('button, a')) return;
    event.preventDefault();
    props.onOpen(row);
  };
  useShortcuts({ j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1), Enter: open });

  return (
    <div className={styles.frame} ref={sizer} role="table" aria-label={label} aria-rowcount={rows.length + 1} aria-busy={props.loading === true}>
      <div className={styles.body} ref={scroller} role="rowgroup">
        <div className={styles.head} role="row" aria-rowindex={1} style={{ gridTemplateColumns: template }} tabIndex={-1}>
          {columns.map((column) => (
            <div key={column.id} role="columnheader" tabIndex={-1} className={column.align === 'end' ? styles.end : styles.cell}>
              {column.header}
            </div>
          ))}
        </div>
        {props.loading && <SkeletonRows height={rowHeight} />}
        <div style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
          {items.map((item) => {
            const row = rows[item.index] as Row;
            const key = rowKey(row);
            return (
              // biome-ignore lint/a11y/useKeyWithClickEvents: the keyboard moves and opens rows through the shortcuts above (j, k, Enter).
              <div
                key={key}
                role="row"
                tabIndex={-1}
                aria-rowindex={item.index + 2}
                aria-selected={key === activeKey}
                className={styles.row}
                style={{ gridTemplateColumns: template, height: item.size, transform: `translateY(${item.start}px)` }}
                onClick={() => {
                  props.onActivate(row);
                  props.onOpen(row);
                }}
              >
                {columns.map((column) => (
                  <div key={column.id} role="cell" className={column.align === 'end' ? styles.end : styles.cell}>
                    {column.render(row)}
                  </div>
                ))}
              </div>
            );
          })}
        </div>
        {props.loadingMore && <SkeletonRows height={rowHeight} count={3} />}
      </div>
    </div>
  );
}
// biome-ignore-end lint/a11y/useSemanticElements: end of the table's markup.

function SkeletonRows({ height, count = 12 }: { height: number; count?: number }): ReactNode {
  return Array.from({ length: count }, (_, index) => (
    // biome-ignore lint/suspicious/noArrayIndexKey: the rows are all alike and never move.
    <div key={index} className={styles.skeleton} style={{ height }}>
      <Skeleton height={10} width={`${88 - ((index * 13) % 40)}%`} />
    </div>
  ));
}
