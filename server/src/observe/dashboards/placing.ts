// Where tiles stand on the grid: 12 columns, y grows downward. Pure.
import { GRID_COLUMNS, type Placement } from './schema.ts';

type Nullish<Value> = { [Key in keyof Value]?: Value[Key] | null | undefined };
type Spot = Pick<Placement, 'x' | 'y' | 'width' | 'height'>;

/** The spot of a new tile: 6 × 6 below everything, unless it is said otherwise. Kept inside the grid. */
export function spotOfNew(wished: Nullish<Spot>, placements: readonly Placement[]): Spot {
  const below = Math.max(0, ...placements.map(({ y, height }) => y + height));
  return inside({ x: wished.x ?? 0, y: wished.y ?? below, width: wished.width ?? 6, height: wished.height ?? 6 });
}

/** A tile that was moved or made larger or smaller; what is left out stays. */
export function moved(placement: Placement, wished: Nullish<Spot>): Placement {
  const { x, y, width, height } = placement;
  return { ...placement, ...inside({ x: wished.x ?? x, y: wished.y ?? y, width: wished.width ?? width, height: wished.height ?? height }) };
}

/** A tile that is as wide as asked and moves left when it would stick out. */
function inside(spot: Spot): Spot {
  return { ...spot, x: Math.min(spot.x, GRID_COLUMNS - spot.width) };
}
