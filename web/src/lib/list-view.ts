// A view of a list as its link holds it: what is kept under a name, and which columns are shown.

/** Values of the link that belong to a view: everything but the project, in which it is kept, and what is open. */
export function viewState(search: Readonly<Record<string, string | undefined>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(search).filter((entry): entry is [string, string] => entry[0] !== 'project' && entry[1] !== undefined && entry[1] !== ''),
  );
}

/** Whether two views are the same, whatever the order of their values. */
export function sameView(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  const names = Object.keys(one);
  return names.length === Object.keys(other).length && names.every((name) => one[name] === other[name]);
}

/** Ids of hidden columns out of the link. */
export function hiddenColumns(hide: string | undefined): ReadonlySet<string> {
  return new Set((hide ?? '').split(',').filter((id) => id !== ''));
}

/** The columns that are shown; all of them when a link hides every one. */
export function shownColumns<Column extends { id: string }>(columns: readonly Column[], hide: string | undefined): readonly Column[] {
  const hidden = hiddenColumns(hide);
  const shown = columns.filter(({ id }) => !hidden.has(id));
  return shown.length === 0 ? columns : shown;
}

/** The link's value after a column was switched; the last column that is shown stays. */
export function switchColumn(columns: readonly { id: string }[], hide: string | undefined, id: string): string {
  const hidden = new Set(hiddenColumns(hide));
  if (!hidden.delete(id)) hidden.add(id);
  const known = columns.filter((column) => hidden.has(column.id)).map((column) => column.id);
  return known.length >= columns.length ? (hide ?? '') : known.join(',');
}
