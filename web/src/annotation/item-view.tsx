// What an item of a queue is about: a trace, an observation, or a session as a conversation; with the way to all of it and its comments.
import { Anchor, Badge, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { Comments } from '#content/comments.tsx';
import { InputOutput } from '#content/input-output.tsx';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { MoreButton } from '#ui/more-button.tsx';
import styles from './annotation.module.css';
import { type ItemObject, objectQuery, type QueueItem } from './use-annotation.ts';

/** Turns of a session that are drawn before the reader asks for more. */
const SHOWN_TURNS = 20;

export function ItemView({ projectId, item, children }: { projectId: string; item: QueueItem; children: ReactNode }): ReactNode {
  const { t } = useText();
  const query = useQuery(objectQuery(projectId, item));
  return (
    <section className={styles.item} aria-label={t('annotation.item')}>
      <Group justify="space-between" mb="sm">
        <Group gap="xs">
          <Badge color="gray">{item.objectType}</Badge>
          {item.status === 'COMPLETED' && <Badge color="teal">{t('annotation.completed')}</Badge>}
          <WayToAll projectId={projectId} item={item} traceId={query.data?.traceId ?? null} />
        </Group>
        {children}
      </Group>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && <Skeleton height={240} />}
      {query.data && <Turns projectId={projectId} object={query.data} />}
      <Text size="xs" fw={600} c="dimmed" mt="md" mb={5}>
        {t('comments.title')}
      </Text>
      <Comments target={{ projectId, objectType: item.objectType, objectId: item.objectId }} />
    </section>
  );
}

function WayToAll({ projectId, item, traceId }: { projectId: string; item: QueueItem; traceId: string | null }): ReactNode {
  const { t } = useText();
  if (item.objectType === 'SESSION')
    return (
      <Anchor
        size="sm"
        renderRoot={(props) => <Link to="/project/$projectId/sessions/$sessionId" params={{ projectId, sessionId: item.objectId }} search={{}} {...props} />}
      >
        {t('annotation.openSession')}
      </Anchor>
    );
  if (traceId === null) return null;
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => (
        <Link
          to="/project/$projectId/traces/$traceId"
          params={{ projectId, traceId }}
          search={item.objectType === 'OBSERVATION' ? { observation: item.objectId } : {}}
          {...props}
        />
      )}
    >
      {t('comparison.openTrace')}
    </Anchor>
  );
}

function Turns({ projectId, object }: { projectId: string; object: ItemObject }): ReactNode {
  const [shown, setShown] = useState(SHOWN_TURNS);
  return (
    <Stack gap="md">
      {object.turns.slice(0, shown).map((turn) => (
        <div key={turn.id}>
          <Text size="sm" fw={600} mb={4}>
            {turn.name ?? turn.id}
          </Text>
          <InputOutput input={turn.input} output={turn.output} projectId={projectId} />
        </div>
      ))}
      <MoreButton left={object.turns.length - shown} onMore={() => setShown(shown + SHOWN_TURNS)} />
    </Stack>
  );
}
