// One thing that could not be stored: why, what it was, and what may be done with it.
import '#mantine-later.css';
import { Alert, Button, Drawer, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useMayChange } from '#lib/session.tsx';
import { CodeBlock } from '#ui/code-block.tsx';
import { ConfirmDialog } from '#ui/confirm-dialog.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Facts } from '#ui/facts.tsx';
import { Instant } from '#ui/instant.tsx';
import { type LetterDetail, letterQuery, useLetterChanges } from './use-dead-letters.ts';

export function LetterDrawer({ projectId, id, onClose }: { projectId: string; id: string | null; onClose: () => void }): ReactNode {
  const { t } = useText();
  return (
    <Drawer
      opened={id !== null}
      onClose={onClose}
      position="right"
      size="xl"
      title={t('deadLetters.one')}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {id !== null && <Letter projectId={projectId} id={id} onClose={onClose} />}
    </Drawer>
  );
}

function Letter({ projectId, id, onClose }: { projectId: string; id: string; onClose: () => void }): ReactNode {
  const query = useQuery({ ...letterQuery(projectId, id), retry: false });
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />;
  if (!query.data) return <Skeleton height={320} />;
  return <Content projectId={projectId} letter={query.data} onClose={onClose} />;
}

function Content({ projectId, letter, onClose }: { projectId: string; letter: LetterDetail; onClose: () => void }): ReactNode {
  const { t, language } = useText();
  const mayChange = useMayChange(projectId);
  const { redrive, discard } = useLetterChanges(projectId);
  const [asking, setAsking] = useState(false);
  const { possible, problem } = letter.redrive;
  const choice = { ids: [letter.id] };
  return (
    <Stack gap="md">
      <Alert color="red" variant="light" title={letter.place}>
        {letter.reason}
      </Alert>
      <Facts
        items={[
          [t('common.time'), <Instant key="time" at={letter.receivedAt} />],
          [t('deadLetters.bytes'), formatCount(letter.bytes, language)],
        ]}
      />
      {problem !== null && <Text c="dimmed">{problem}</Text>}
      {(redrive.error ?? discard.error) && <ErrorState error={redrive.error ?? discard.error} />}
      {redrive.data?.failed.map((one) => (
        <Alert key={one.id} color="yellow" variant="light">
          {one.problem}
        </Alert>
      ))}
      {mayChange && (
        <Group gap="xs">
          <Button
            disabled={!possible}
            loading={redrive.isPending}
            onClick={() =>
              redrive.mutate(choice, {
                onSuccess: ({ failed }) => {
                  if (failed.length === 0) onClose();
                },
              })
            }
          >
            {t('deadLetters.redrive')}
          </Button>
          <Button variant="default" onClick={() => setAsking(true)}>
            {t('deadLetters.discard')}
          </Button>
        </Group>
      )}
      <CodeBlock text={letter.content} wrap />
      {letter.truncated && <Text c="dimmed">{t('deadLetters.truncated')}</Text>}
      <ConfirmDialog
        opened={asking}
        title={t('deadLetters.discard')}
        question={t('deadLetters.discardOne')}
        hint={t('deadLetters.discardHint')}
        action={t('deadLetters.discard')}
        busy={discard.isPending}
        error={discard.error}
        onClose={() => setAsking(false)}
        onConfirm={() => discard.mutate(choice, { onSuccess: onClose })}
      />
    </Stack>
  );
}
