// The tiles of a dashboard on their grid; while it is edited, the keys and the pointer that move them.
import type { ConsoleWidget } from '@genai/server/contract-metrics';
import { type KeyboardEvent, type PointerEvent, type ReactNode, useRef, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import styles from './dashboards.module.css';
import { COLUMNS, moveTile, placeTile, removeTile, resizeTile, type Tile } from './grid.ts';
import { type Look, TileFrame } from './tile-frame.tsx';

/** In pixels, as in the style sheet. */
const GAP = 12;
const ROW = 52;

interface Props {
  tiles: readonly Tile[];
  look: Look;
  /** Absent while the dashboard is only looked at. */
  onTiles?: (tiles: Tile[]) => void;
  onEdit?: (widget: ConsoleWidget) => void;
}

const STEPS: Readonly<Record<string, { x: number; y: number }>> = {
  ArrowLeft: { x: -1, y: 0 },
  ArrowRight: { x: 1, y: 0 },
  ArrowUp: { x: 0, y: -1 },
  ArrowDown: { x: 0, y: 1 },
};

export function DashboardGrid({ tiles, look, onTiles, onEdit }: Props): ReactNode {
  const { t } = useText();
  const grid = useRef<HTMLDivElement>(null);
  const [held, setHeld] = useState<string | null>(null);
  const onKeyDown = (event: KeyboardEvent<HTMLElement>, id: string) => {
    // Keys of the buttons inside are theirs.
    if (event.target !== event.currentTarget || !onTiles) return;
    const step = STEPS[event.key];
    if (step) onTiles(event.shiftKey ? resizeTile(tiles, id, { width: step.x, height: step.y }) : moveTile(tiles, id, step));
    else if (event.key === 'Delete') onTiles(removeTile(tiles, id));
    else return;
    event.preventDefault();
  };
  const onHold = (event: PointerEvent<HTMLElement>, tile: Tile, what: 'move' | 'resize') => {
    const width = grid.current?.clientWidth ?? 0;
    if (event.button !== 0 || !onTiles || width === 0 || (event.target as HTMLElement).closest('button') !== null) return;
    event.stopPropagation();
    const element = event.currentTarget;
    const start = { x: event.clientX, y: event.clientY };
    const cell = { x: (width + GAP) / COLUMNS, y: ROW + GAP };
    const move = (at: globalThis.PointerEvent) => {
      const by = { x: Math.round((at.clientX - start.x) / cell.x), y: Math.round((at.clientY - start.y) / cell.y) };
      if (what === 'move') onTiles(placeTile(tiles, tile.id, { x: tile.x + by.x, y: tile.y + by.y }));
      else onTiles(resizeTile(tiles, tile.id, { width: by.x, height: by.y }));
    };
    const end = () => {
      element.removeEventListener('pointermove', move);
      setHeld(null);
    };
    element.setPointerCapture(event.pointerId);
    element.addEventListener('pointermove', move);
    element.addEventListener('pointerup', end, { once: true });
    element.addEventListener('pointercancel', end, { once: true });
    setHeld(tile.id);
  };
  return (
    <div className={styles.grid} ref={grid}>
      {onTiles && (
        <span id="tile-keys" className="visually-hidden">
          {t('dashboards.keys')}
        </span>
      )}
      {tiles.map((tile) => (
        <TileFrame
          key={tile.id}
          tile={tile}
          look={look}
          editing={
            onTiles && onEdit
              ? {
                  held: held === tile.id,
                  onKeyDown: (event) => onKeyDown(event, tile.id),
                  onHold: (event, what) => onHold(event, tile, what),
                  onRemove: () => onTiles(removeTile(tiles, tile.id)),
                  onEdit,
                }
              : null
          }
        />
      ))}
    </div>
  );
}
