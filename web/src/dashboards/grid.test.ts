// Whatever is done to tiles: none lies on another, none leaves the grid, none is lost.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addTile, moveTile, placeTile, removeTile, resizeTile, type Tile } from './grid.ts';

const tile = (id: string, ...[x, y, width, height]: [number, number, number, number]): Tile => ({
  type: 'widget',
  id,
  widgetId: `w-${id}`,
  x,
  y,
  width,
  height,
});
const at = (tiles: readonly Tile[], id: string) => {
  const found = tiles.find((one) => one.id === id);
  return found && [found.x, found.y, found.width, found.height];
};

function holds(tiles: readonly Tile[]): void {
  const cells = new Set<string>();
  for (const { x, y, width, height } of tiles) {
    expect(x).toBeGreaterThanOrEqual(0);
    expect(y).toBeGreaterThanOrEqual(0);
    expect(x + width).toBeLessThanOrEqual(12);
    for (let column = x; column < x + width; column++)
      for (let row = y; row < y + height; row++) {
        expect(cells.has(`${column},${row}`)).toBe(false);
        cells.add(`${column},${row}`);
      }
  }
}

describe('the grid', () => {
  const pair = [tile('a', 0, 0, 6, 4), tile('b', 6, 0, 6, 4), tile('c', 0, 4, 12, 3)];

  it('moves a tile to the side and pushes what stood there down', () => {
    const next = moveTile(pair, 'a', { x: 1, y: 0 });
    expect(at(next, 'a')).toEqual([1, 0, 6, 4]);
    expect(at(next, 'b')).toEqual([6, 4, 6, 4]);
    holds(next);
  });

  it('moves a tile past the one below it, and back over the one above it', () => {
    const stack = [tile('a', 0, 0, 6, 4), tile('b', 0, 4, 6, 2)];
    const down = moveTile(stack, 'a', { x: 0, y: 1 });
    expect([at(down, 'b'), at(down, 'a')]).toEqual([
      [0, 0, 6, 2],
      [0, 2, 6, 4],
    ]);
    expect(moveTile(down, 'a', { x: 0, y: -1 })).toEqual(stack);
    // The wide one below cannot come up beside its neighbour: the tile goes under it.
    const wide = [tile('a', 0, 0, 3, 2), tile('b', 3, 0, 3, 2), tile('c', 0, 2, 6, 5)];
    expect(at(moveTile(wide, 'b', { x: 0, y: 1 }), 'b')).toEqual([3, 7, 3, 2]);
    // There is nothing below: it stays.
    expect(moveTile(stack, 'b', { x: 0, y: 1 })).toEqual(stack);
  });

  it('makes a tile larger and smaller within its bounds', () => {
    expect(at(resizeTile(pair, 'a', { width: 2, height: 1 }), 'a')).toEqual([0, 0, 8, 5]);
    expect(at(resizeTile(pair, 'b', { width: 5, height: 0 }), 'b')).toEqual([6, 0, 6, 4]);
    expect(at(resizeTile(pair, 'b', { width: -9, height: -9 }), 'b')).toEqual([6, 0, 2, 2]);
  });

  it('puts a tile where it is dropped, and lets nothing float', () => {
    expect(at(placeTile(pair, 'c', { x: 0, y: 0 }), 'c')).toEqual([0, 0, 12, 3]);
    expect(at(placeTile(pair, 'a', { x: 40, y: 90 }), 'a')).toEqual([6, 7, 6, 4]);
    holds(placeTile(pair, 'c', { x: 0, y: 2 }));
  });

  it('adds below and closes the gap that a removed tile leaves', () => {
    const more = addTile(pair, { id: 'd', widgetId: 'w', chartType: 'NUMBER' });
    expect(at(more, 'd')).toEqual([0, 7, 3, 2]);
    expect(at(removeTile(more, 'c'), 'd')).toEqual([0, 4, 3, 2]);
  });

  it('holds for any tiles and any steps', () => {
    const spot = fc.record({
      x: fc.integer({ min: 0, max: 11 }),
      y: fc.integer({ min: 0, max: 20 }),
      width: fc.integer({ min: 1, max: 12 }),
      height: fc.integer({ min: 1, max: 6 }),
    });
    const by = fc.integer({ min: -4, max: 4 });
    fc.assert(
      fc.property(
        fc.array(spot, { maxLength: 8 }),
        fc.array(fc.tuple(fc.constantFrom('move', 'resize', 'place'), fc.nat(7), by, by), { maxLength: 6 }),
        (spots, steps) => {
          let tiles: Tile[] = spots.map(({ x, y, width, height }, index) => tile(String(index), Math.min(x, 12 - width), y, width, height));
          for (const [kind, index, dx, dy] of steps) {
            const id = String(index);
            if (kind === 'move') tiles = moveTile(tiles, id, { x: dx, y: dy });
            else tiles = kind === 'place' ? placeTile(tiles, id, { x: dx, y: dy }) : resizeTile(tiles, id, { width: dx, height: dy });
            if (tiles.some((one) => one.id === id)) holds(tiles);
          }
          expect(tiles.map(({ id }) => id)).toEqual(spots.map((_, index) => String(index)));
          holds(addTile(tiles, { id: 'new', widgetId: 'w', chartType: 'PIE' }));
        },
      ),
    );
  });
});
