// Two branches can give two pages the same keys without a conflict in git: found here.
import { expect, it } from 'vitest';
import { LINKS } from './links.ts';

it('no two pages of the navigation have the same keys', () => {
  const keys = LINKS.map((link) => link.keys);
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});
