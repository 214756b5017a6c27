// What people wrote about a trace, an observation, a session or a version of a prompt, oldest first, and a field to write more.
import { Button, Group, Skeleton, Stack, Text, Textarea } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type KeyboardEvent, type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { membersQuery, nameOf } from '#api/people-queries.ts';
import { allPages } from '#api/project-queries.ts';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import styles from './comments.module.css';

export interface CommentTarget {
  projectId: string;
  objectType: 'TRACE' | 'OBSERVATION' | 'SESSION' | 'PROMPT';
  objectId: string;
}

interface Comment {
  id: string;
  createdAt: string;
  content: string;
  authorUserId: string | null;
}

export function commentsQuery({ projectId, objectType, objectId }: CommentTarget) {
  return queryOptions({
    queryKey: ['comments', projectId, objectType, objectId],
    queryFn: async ({ signal }) => (await allPages<Comment>('/api/public/comments', projectId, { objectType, objectId }, signal)).toReversed(),
  });
}

export function Comments({ target }: { target: CommentTarget }): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(target.projectId);
  const query = useQuery(commentsQuery(target));
  const members = useQuery(membersQuery(target.projectId));
  return (
    <section aria-label={t('comments.title')}>
      <Stack gap="sm">
        {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
        {query.isPending && !query.error && <Skeleton height={40} />}
        {query.data?.length === 0 && <Text c="dimmed">{t('comments.none')}</Text>}
        {query.data && query.data.length > 0 && (
          <ul className={styles.list}>
            {query.data.map((comment) => (
              <li key={comment.id}>
                <Group gap="xs" className={styles.head}>
                  <strong>{comment.authorUserId === null ? t('comments.byApi') : nameOf(members.data?.data, comment.authorUserId)}</strong>
                  <Instant at={comment.createdAt} />
                </Group>
                <p className={styles.content}>{comment.content}</p>
              </li>
            ))}
          </ul>
        )}
        {mayChange && <NewComment key={target.objectId} target={target} />}
      </Stack>
    </section>
  );
}

function NewComment({ target }: { target: CommentTarget }): ReactNode {
  const { t } = useText();
  const queries = useQueryClient();
  const [content, setContent] = useState('');
  const save = useMutation({
    mutationFn: () => api('/api/public/comments', { method: 'POST', projectId: target.projectId, body: { ...target, content: content.trim() } }),
    onSuccess: async () => {
      setContent('');
      await queries.invalidateQueries({ queryKey: commentsQuery(target).queryKey });
    },
  });
  const empty = content.trim() === '';
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (!empty) save.mutate();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && !empty) save.mutate();
    if (event.key === 'Escape') (event.currentTarget as HTMLElement).blur();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="xs">
        <Textarea
          aria-label={t('comments.write')}
          placeholder={t('comments.write')}
          autosize
          minRows={2}
          maxRows={10}
          maxLength={5_000}
          value={content}
          onChange={(event) => setContent(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        {save.error && <ErrorState error={save.error} />}
        <Group justify="flex-end">
          <Button type="submit" variant="default" loading={save.isPending} disabled={empty}>
            {t('comments.send')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
