// The tree and the timeline in one virtual list: name, figures and bar of every visible row; arrow keys as in any tree.
import { ActionIcon, Group, Tooltip } from '@mantine/core';
import { IconFold, IconListTree } from '@tabler/icons-react';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, type ReactNode, useEffect, useMemo, useRef, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatDuration } from '#lib/format.ts';
import { useShortcuts } from '#lib/shortcuts.ts';
import { arrowKey, revealRow, type TraceTree, visibleRows } from './rows.ts';
import styles from './trace-tree.module.css';
import { TreeRow } from './tree-row.tsx';

const ROW_HEIGHT = 44;

export interface TraceTreeViewProps {
  tree: TraceTree;
  traceName: string;
  selectedId: string;
  onSelect: (id: string) => void;
}

export function TraceTreeView({ tree, traceName, selectedId, onSelect }: TraceTreeViewProps): ReactNode {
  const { t } = useText();
  const scroller = useRef<HTMLDivElement>(null);
  const [collapsed, setCollapsed] = useState<ReadonlySet<string>>(() => new Set());
  const rows = useMemo(() => visibleRows(tree.rows, collapsed), [tree, collapsed]);
  const virtualizer = useVirtualizer({ count: rows.length, getScrollElement: () => scroller.current, estimateSize: () => ROW_HEIGHT, overscan: 10 });
  const selectedIndex = rows.findIndex((row) => row.id === selectedId);

  // A link to an observation opens its ancestors; closing one by hand afterwards stays closed.
  useEffect(() => setCollapsed((old) => revealRow(tree.rows, old, selectedId)), [tree, selectedId]);
  // The arrow keys work at once, without a click into the tree.
  useEffect(() => scroller.current?.focus({ preventScroll: true }), []);
  useEffect(() => {
    if (selectedIndex >= 0) virtualizer.scrollToIndex(selectedIndex);
  }, [selectedIndex, virtualizer]);

  const toggle = (id: string) => {
    const next = new Set(collapsed);
    if (!next.delete(id)) next.add(id);
    setCollapsed(next);
  };
  const press = (event: { key: string; preventDefault: () => void }) => {
    const action = arrowKey(event.key, rows, selectedId, collapsed);
    if (!action) return;
    event.preventDefault();
    if (action.toggle !== undefined) toggle(action.toggle);
    if (action.select !== undefined) onSelect(action.select);
  };
  useShortcuts({ j: press, k: press });

  return (
    <section className={styles.frame} aria-label={t('traces.tree')}>
      <header className={styles.head}>
        <span className={styles.headName}>{t('traces.tree')}</span>
        <Ticks durationMs={tree.durationMs} />
        <Group gap={2} wrap="nowrap">
          <Tooltip label={t('traces.expandAll')}>
            <ActionIcon size="sm" aria-label={t('traces.expandAll')} onClick={() => setCollapsed(new Set())}>
              <IconListTree size={15} />
            </ActionIcon>
          </Tooltip>
          <Tooltip label={t('traces.collapseAll')}>
            <ActionIcon
              size="sm"
              aria-label={t('traces.collapseAll')}
              onClick={() => setCollapsed(new Set(tree.rows.filter((row) => row.depth > 0 && row.children > 0).map((row) => row.id)))}
            >
              <IconFold size={15} />
            </ActionIcon>
          </Tooltip>
        </Group>
      </header>
      <div
        className={styles.body}
        ref={scroller}
        role="tree"
        aria-label={t('traces.tree')}
        tabIndex={0}
        aria-activedescendant={`node-${selectedId}`}
        onKeyDown={(event: KeyboardEvent) => {
          if (event.key.length > 1) press(event);
        }}
      >
        <div style={{ height: virtualizer.getTotalSize(), position: 'relative' }}>
          {virtualizer.getVirtualItems().map((item) => {
            const row = rows[item.index];
            if (!row) return null;
            return (
              <div key={row.id} className={styles.slot} style={{ height: item.size, transform: `translateY(${item.start}px)` }}>
                <TreeRow
                  row={row}
                  traceName={traceName}
                  selected={row.id === selectedId}
                  collapsed={collapsed.has(row.id)}
                  onSelect={() => onSelect(row.id)}
                  onToggle={() => toggle(row.id)}
                />
              </div>
            );
          })}
        </div>
      </div>
    </section>
  );
}

function Ticks({ durationMs }: { durationMs: number }): ReactNode {
  return (
    <span className={styles.ticks} aria-hidden>
      <span>0</span>
      <span>{formatDuration(durationMs / 2)}</span>
      <span>{formatDuration(durationMs)}</span>
    </span>
  );
}
