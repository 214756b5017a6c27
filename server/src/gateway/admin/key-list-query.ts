// The query of /key/list: LiteLLM's parameters as a page of keys.
import { z } from 'zod';
import type { VirtualKeyOrder, VirtualKeyQuery } from '#identity/virtual-keys.ts';
import { flag, pageNumber } from './query-fields.ts';

const text = z.string().max(800).optional();
const SORT_COLUMNS: Readonly<Record<string, VirtualKeyOrder>> = {
  created_at: 'created_at',
  updated_at: 'updated_at',
  key_alias: 'alias',
  key_name: 'name',
  spend: 'spend',
  max_budget: 'max_budget',
  expires: 'expires_at',
  user_id: 'user_id',
  team_id: 'team_id',
};

export const keyListQuery = z.looseObject({
  page: pageNumber(1, 1_000_000),
  size: pageNumber(10, 1_000),
  user_id: text,
  team_id: text,
  organization_id: text,
  project_id: text,
  key_hash: text,
  key_alias: text,
  return_full_object: flag,
  include_team_keys: flag,
  include_created_by_keys: flag,
  substring_matching: flag,
  status: z.enum(['active', 'blocked', 'expired']).optional(),
  sort_by: z.enum(Object.keys(SORT_COLUMNS) as [string, ...string[]]).optional(),
  sort_order: z.enum(['asc', 'desc']).optional(),
});

/** @param now the instant against which `status=expired` is decided. */
export function toKeyQuery(query: z.infer<typeof keyListQuery>, now: Date): VirtualKeyQuery {
  const filters: NonNullable<VirtualKeyQuery['filters']> = {};
  if (query.user_id !== undefined) filters.userId = query.user_id;
  if (query.include_team_keys) filters.alsoOfTeams = true;
  if (query.include_created_by_keys) filters.alsoCreatedBy = true;
  if (query.team_id !== undefined) filters.teamId = query.team_id;
  if (query.organization_id !== undefined) filters.organizationId = query.organization_id;
  if (query.project_id !== undefined) filters.projectId = query.project_id;
  if (query.key_hash !== undefined) filters.id = query.key_hash;
  if (query.key_alias !== undefined) filters[query.substring_matching ? 'aliasContains' : 'alias'] = query.key_alias;
  if (query.status === 'active') filters.blocked = false;
  if (query.status === 'blocked') filters.blocked = true;
  if (query.status === 'expired') filters.expiredAt = now;
  return {
    page: query.page,
    size: query.size,
    filters,
    ascending: query.sort_order === 'asc',
    ...(query.sort_by === undefined ? {} : { orderBy: SORT_COLUMNS[query.sort_by] as VirtualKeyOrder }),
  };
}
