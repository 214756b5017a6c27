// What the SDK inventory knows of one kind of thing: how to list those of an environment, and how to remove one.
import type { AwsClients } from '#aws/clients.ts';
import type { Tags } from '#aws/tags.ts';
import type { Item, ItemKind } from './item.ts';
import type { Scope } from './scope.ts';

export interface Kind {
  kind: ItemKind;
  find(clients: AwsClients, scope: Scope): Promise<Item[]>;
  /** Absent for what is only listed. */
  remove?(clients: AwsClients, item: Item): Promise<unknown>;
  /** Lays tags on it; absent for kinds that are never kept. */
  mark?(clients: AwsClients, item: Item, tags: Tags): Promise<unknown>;
}

/** The rows of all pages of a listing. */
export async function rowsOf<Page, Row>(pages: AsyncIterable<Page>, pick: (page: Page) => readonly Row[] | undefined): Promise<Row[]> {
  const rows: Row[] = [];
  for await (const page of pages) rows.push(...(pick(page) ?? []));
  return rows;
}
