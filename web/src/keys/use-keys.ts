// Reads and changes of virtual keys through LiteLLM's own admin routes.
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { createBody, type KeyForm, updateBody, type VirtualKeyPage } from './key-values.ts';

const PAGE_SIZE = 100;

export function keysQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ['keys', search],
    queryFn: ({ pageParam, signal }) =>
      api<VirtualKeyPage>('/key/list', {
        query: {
          return_full_object: 'true',
          include_team_keys: 'true',
          page: pageParam,
          size: PAGE_SIZE,
          key_alias: search || undefined,
          substring_matching: search ? 'true' : undefined,
        },
        signal,
      }),
    initialPageParam: 1,
    getNextPageParam: (page) => (page.current_page < page.total_pages ? page.current_page + 1 : undefined),
  });
}

/** The answer of /key/generate that is shown once. */
export interface CreatedKey {
  key: string;
  models?: string[] | null;
}

export function useKeyChanges() {
  const queries = useQueryClient();
  const onSuccess = () => queries.invalidateQueries({ queryKey: ['keys'] });
  const post = (path: string, body: unknown) => api<unknown>(path, { method: 'POST', body });
  return {
    create: useMutation({ mutationFn: (form: KeyForm) => api<CreatedKey>('/key/generate', { method: 'POST', body: createBody(form) }), onSuccess }),
    update: useMutation({ mutationFn: ({ token, form }: { token: string; form: KeyForm }) => post('/key/update', updateBody(token, form)), onSuccess }),
    block: useMutation({
      mutationFn: ({ token, blocked }: { token: string; blocked: boolean }) => post(blocked ? '/key/block' : '/key/unblock', { key: token }),
      onSuccess,
    }),
    remove: useMutation({ mutationFn: (token: string) => post('/key/delete', { keys: [token] }), onSuccess }),
  };
}
