// Reads and changes of teams through LiteLLM's own admin routes.
import { infiniteQueryOptions, useMutation, useQueryClient } from '@tanstack/react-query';
import { api } from '#api/client.ts';
import { type TeamForm, type TeamRow, teamBody } from './team-values.ts';

const PAGE_SIZE = 100;

interface TeamPage {
  teams: TeamRow[];
  total: number;
  page: number;
  total_pages: number;
}

export function teamsQuery(search: string) {
  return infiniteQueryOptions({
    queryKey: ['teams', search],
    queryFn: ({ pageParam, signal }) =>
      api<TeamPage>('/v2/team/list', { query: { page: pageParam, page_size: PAGE_SIZE, search: search || undefined }, signal }),
    initialPageParam: 1,
    getNextPageParam: (page) => (page.page < page.total_pages ? page.page + 1 : undefined),
  });
}

export function useTeamChanges() {
  const queries = useQueryClient();
  const onSuccess = () => Promise.all([queries.invalidateQueries({ queryKey: ['teams'] }), queries.invalidateQueries({ queryKey: ['keys'] })]);
  const post = (path: string, body: unknown) => api<unknown>(path, { method: 'POST', body });
  return {
    create: useMutation({ mutationFn: (form: TeamForm) => post('/team/new', teamBody(form)), onSuccess }),
    update: useMutation({ mutationFn: ({ id, form }: { id: string; form: TeamForm }) => post('/team/update', { team_id: id, ...teamBody(form) }), onSuccess }),
    block: useMutation({
      mutationFn: ({ id, blocked }: { id: string; blocked: boolean }) => post(blocked ? '/team/block' : '/team/unblock', { team_id: id }),
      onSuccess,
    }),
    remove: useMutation({ mutationFn: (id: string) => post('/team/delete', { team_ids: [id] }), onSuccess }),
    addMember: useMutation({
      mutationFn: ({ id, person, role }: { id: string; person: string; role: string }) =>
        post('/team/member_add', { team_id: id, member: { [person.includes('@') ? 'user_email' : 'user_id']: person, role } }),
      onSuccess,
    }),
    removeMember: useMutation({
      mutationFn: ({ id, userId }: { id: string; userId: string }) => post('/team/member_delete', { team_id: id, user_id: userId }),
      onSuccess,
    }),
  };
}
