// Views of lists: what is kept of a link, and that columns can be hidden, but never all.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hiddenColumns, sameView, shownColumns, switchColumn, viewState } from './list-view.ts';

const columns = ['time', 'name', 'cost'].map((id) => ({ id }));

describe('a view of a list', () => {
  it('keeps filters, range and columns, not the project', () => {
    const state = viewState({ project: 'p', search: '返金', range: '7d', tag: '', user: undefined, hide: 'cost' });
    expect(state).toEqual({ search: '返金', range: '7d', hide: 'cost' });
    expect(sameView(state, { hide: 'cost', range: '7d', search: '返金' })).toBe(true);
    expect(sameView(state, { range: '7d' })).toBe(false);
  });

  it('shows the columns that are not hidden, and all of them rather than none', () => {
    expect(shownColumns(columns, 'cost,absent').map(({ id }) => id)).toEqual(['time', 'name']);
    expect(shownColumns(columns, 'time,name,cost')).toEqual(columns);
  });

  it('switches one column at a time and back, and never hides the last', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom('time', 'name', 'cost'), { maxLength: 30 }), (switches) => {
        let hide = '';
        for (const id of switches) {
          const before = hiddenColumns(hide).has(id);
          const next = switchColumn(columns, hide, id);
          if (next !== hide) expect(hiddenColumns(next).has(id)).toBe(!before);
          hide = next;
          expect(hiddenColumns(hide).size).toBeLessThan(columns.length);
        }
      }),
    );
  });
});
