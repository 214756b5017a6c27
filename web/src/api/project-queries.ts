// Reads of /api/public as a page of the console makes them: lists whole, page by page.
import { queryOptions } from '@tanstack/react-query';
import { api } from './client.ts';

interface Paged<Row> {
  data: Row[];
  meta: { page: number; totalPages: number };
}

const PAGE_SIZE = 100;
/** A list that people look through has an end; beyond it the API is the tool. */
const MOST_PAGES = 30;

/** Every row of a paged list of /api/public, up to 3,000. */
export async function allPages<Row>(path: string, projectId: string, query: Record<string, string | undefined>, signal?: AbortSignal): Promise<Row[]> {
  const rows: Row[] = [];
  for (let page = 1; page <= MOST_PAGES; page += 1) {
    const answer = await api<Paged<Row>>(path, { projectId, query: { ...query, page, limit: PAGE_SIZE }, signal });
    rows.push(...answer.data);
    if (page >= answer.meta.totalPages) break;
  }
  return rows;
}

export interface DatasetRow {
  id: string;
  name: string;
  description: string | null;
  metadata: unknown;
  inputSchema: unknown;
  expectedOutputSchema: unknown;
  createdAt: string;
  updatedAt: string;
}

export function datasetsQuery(projectId: string) {
  return queryOptions({
    queryKey: ['datasets', projectId],
    queryFn: ({ signal }) => allPages<DatasetRow>('/api/public/v2/datasets', projectId, {}, signal),
    enabled: projectId !== '',
  });
}
