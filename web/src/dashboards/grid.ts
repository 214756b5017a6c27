// Moving, resizing, adding and removing tiles on the grid of 12 columns: no tile ever lies on another. Pure.
import type { ConsolePlacement } from '@genai/server/contract-metrics';

export const COLUMNS = 12;
const SMALLEST = 2;

export type Tile = ConsolePlacement;
type Spot = Pick<Tile, 'x' | 'y' | 'width' | 'height'>;

function overlap(a: Spot, b: Spot): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}

const byPlace = (a: Spot, b: Spot): number => a.y - b.y || a.x - b.x;

/** All tiles as far up as they can go, in reading order; `first` keeps its place against the others. */
function settled(tiles: readonly Tile[], first: string | null): Tile[] {
  const placed: Tile[] = [];
  const anchor = tiles.find(({ id }) => id === first);
  if (anchor) placed.push(anchor);
  for (const tile of [...tiles].sort(byPlace)) {
    if (tile.id === first) continue;
    let y = 0;
    while (placed.some((other) => overlap({ ...tile, y }, other))) y += 1;
    placed.push({ ...tile, y });
  }
  // The anchor may now stand over a gap.
  const rest = placed.filter(({ id }) => id !== first);
  if (anchor) {
    let { y } = anchor;
    while (y > 0 && !rest.some((other) => overlap({ ...anchor, y: y - 1 }, other))) y -= 1;
    return inOrder(tiles, [...rest, { ...anchor, y }]);
  }
  return inOrder(tiles, rest);
}

/** In the order of the list that came in, so that the page's elements stay where they are and keep the focus. */
function inOrder(before: readonly Tile[], after: readonly Tile[]): Tile[] {
  const of = new Map(after.map((tile) => [tile.id, tile]));
  return before.flatMap(({ id }) => of.get(id) ?? []);
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);

/** Moves a tile by a cell to the side, or up and down past its neighbour; the others give way. */
export function moveTile(tiles: readonly Tile[], id: string, by: { x: number; y: number }): Tile[] {
  const tile = tiles.find((one) => one.id === id);
  if (tile === undefined) return [...tiles];
  for (const y of rowsBeyond(tiles, tile, by.y)) {
    const next = placeTile(tiles, id, { x: tile.x + by.x, y });
    const after = next.find((one) => one.id === id);
    if (after && (after.x !== tile.x || after.y !== tile.y)) return next;
  }
  return settled(tiles, id);
}

/** Puts a tile where the pointer holds it; the others give way. */
export function placeTile(tiles: readonly Tile[], id: string, spot: { x: number; y: number }): Tile[] {
  return settled(
    tiles.map((tile) => (tile.id === id ? { ...tile, x: clamp(spot.x, 0, COLUMNS - tile.width), y: Math.max(0, spot.y) } : tile)),
    id,
  );
}

/** Where a step may lead. One cell down would fall back up at once, because nothing floats: it goes past the tile below, first by changing places with it. */
function rowsBeyond(tiles: readonly Tile[], tile: Tile, y: number): number[] {
  const beside = (other: Tile): boolean => other.id !== tile.id && other.x < tile.x + tile.width && tile.x < other.x + other.width;
  if (y > 0) {
    const below = tiles.filter((other) => beside(other) && other.y >= tile.y + tile.height).sort(byPlace)[0];
    return below === undefined ? [] : [below.y + below.height - tile.height, below.y + below.height];
  }
  if (y === 0) return [tile.y];
  const above = tiles.filter((other) => beside(other) && other.y + other.height <= tile.y).sort((a, b) => b.y + b.height - (a.y + a.height))[0];
  return above === undefined ? [tile.y - 1] : [above.y];
}

/** Makes a tile larger or smaller by cells; the others give way. */
export function resizeTile(tiles: readonly Tile[], id: string, by: { width: number; height: number }): Tile[] {
  return settled(
    tiles.map((tile) =>
      tile.id === id
        ? { ...tile, width: clamp(tile.width + by.width, SMALLEST, COLUMNS - tile.x), height: clamp(tile.height + by.height, SMALLEST, 20) }
        : tile,
    ),
    id,
  );
}

/** Adds a tile below all others. */
export function addTile(tiles: readonly Tile[], { id, widgetId, chartType }: { id: string; widgetId: string; chartType: string }): Tile[] {
  const y = Math.max(0, ...tiles.map((tile) => tile.y + tile.height));
  const [width, height] = chartType === 'NUMBER' ? [3, 2] : chartType === 'PIVOT_TABLE' ? [12, 5] : [6, 5];
  return settled([...tiles, { type: 'widget', id, widgetId, x: 0, y, width, height }], null);
}

export function removeTile(tiles: readonly Tile[], id: string): Tile[] {
  return settled(
    tiles.filter((tile) => tile.id !== id),
    null,
  );
}
