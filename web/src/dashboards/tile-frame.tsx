// One tile of a dashboard: its widget's chart; while the dashboard is edited moved and resized by pointer or keys.

import type { FilterCondition } from '@genai/server/contract';
import type { ConsoleMetricsOptions, ConsoleWidget } from '@genai/server/contract-metrics';
import { ActionIcon, Skeleton, Tooltip } from '@mantine/core';
import { IconPencil, IconX } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import type { KeyboardEvent, PointerEvent, ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import type { TimeRange } from '#lib/time-range.ts';
import { ChartPanel } from '#metrics/chart-panel.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import styles from './dashboards.module.css';
import type { Tile } from './grid.ts';
import { widgetQuery } from './use-dashboards.ts';

/** What lies over every tile. */
export interface Look {
  projectId: string;
  range: TimeRange;
  further: readonly FilterCondition[];
  options: ConsoleMetricsOptions | undefined;
  refreshMs: number | false;
}

export interface TileEditing {
  held: boolean;
  onKeyDown: (event: KeyboardEvent<HTMLElement>) => void;
  onHold: (event: PointerEvent<HTMLElement>, what: 'move' | 'resize') => void;
  onRemove: () => void;
  onEdit: (widget: ConsoleWidget) => void;
}

export function TileFrame({ tile, look, editing }: { tile: Tile; look: Look; editing: TileEditing | null }): ReactNode {
  const { t, language } = useText();
  const query = useQuery(widgetQuery(look.projectId, tile.widgetId));
  const widget = query.data;
  const name = widget?.names?.[language as 'en' | 'ja'] ?? widget?.name ?? '';
  const place = { gridColumn: `${tile.x + 1} / span ${tile.width}`, gridRow: `${tile.y + 1} / span ${tile.height}`, '--rows': tile.height };
  const spot = { name, column: tile.x + 1, row: tile.y + 1, width: tile.width, height: tile.height };
  return (
    <section
      className={styles.cell}
      style={place}
      aria-label={editing ? t('dashboards.tileSpot', spot) : name}
      aria-roledescription={editing ? t('dashboards.tile') : undefined}
      aria-describedby={editing ? 'tile-keys' : undefined}
      data-editing={editing !== null}
      data-held={editing?.held === true}
      tabIndex={editing ? 0 : undefined}
      onKeyDown={editing?.onKeyDown}
      onPointerDown={editing ? (event) => editing.onHold(event, 'move') : undefined}
    >
      <div className={styles.head}>
        <h2 className={`${styles.title} truncate`} title={widget?.description || name}>
          {name}
        </h2>
        {editing && widget && (
          <Tooltip label={t('dashboards.editWidget', { name })}>
            <ActionIcon
              size="sm"
              aria-label={t('dashboards.editWidget', { name })}
              disabled={widget.names !== undefined}
              onClick={() => editing.onEdit(widget)}
            >
              <IconPencil size={14} />
            </ActionIcon>
          </Tooltip>
        )}
        {editing && (
          <ActionIcon size="sm" aria-label={t('dashboards.removeTile', { name })} onClick={editing.onRemove}>
            <IconX size={14} />
          </ActionIcon>
        )}
      </div>
      <div className={editing ? styles.still : styles.body}>
        {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
        {query.isPending && <Skeleton height="100%" />}
        {widget && <ChartPanel {...look} query={widget} />}
      </div>
      {editing && <span className={styles.corner} onPointerDown={(event) => editing.onHold(event, 'resize')} aria-hidden />}
    </section>
  );
}
