// Gives a trace or an observation a score by hand: a name, a number or a word, a comment.
import { Button, Group, Modal, Stack, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';

export interface ScoreTarget {
  projectId: string;
  traceId: string;
  /** Null for the trace itself. */
  observationId: string | null;
}

export function AddScore({ target }: { target: ScoreTarget }): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(target.projectId);
  const [opened, setOpened] = useState(false);
  if (!mayChange) return null;
  return (
    <>
      <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => setOpened(true)}>
        {t('scores.add')}
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={t('scores.add')} closeButtonProps={{ 'aria-label': t('common.close') }}>
        <ScoreForm target={target} onDone={() => setOpened(false)} />
      </Modal>
    </>
  );
}

function ScoreForm({ target, onDone }: { target: ScoreTarget; onDone: () => void }): ReactNode {
  const { t } = useText();
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [value, setValue] = useState('');
  const [comment, setComment] = useState('');
  const save = useMutation({
    mutationFn: async () => {
      const { projectId, traceId, observationId } = target;
      const number = Number(value);
      const body = {
        name: name.trim(),
        traceId,
        ...(observationId === null ? {} : { observationId }),
        value: Number.isFinite(number) && value.trim() !== '' ? number : value.trim(),
        dataType: Number.isFinite(number) && value.trim() !== '' ? 'NUMERIC' : 'CATEGORICAL',
        source: 'ANNOTATION',
        ...(comment.trim() === '' ? {} : { comment: comment.trim() }),
      };
      await api('/api/public/scores', { method: 'POST', projectId, body });
    },
    onSuccess: async () => {
      onDone();
      await queries.invalidateQueries({ queryKey: ['trace'] });
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit}>
      <Stack gap="sm">
        <TextInput
          label={t('traces.name')}
          required
          data-autofocus
          placeholder="quality"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <TextInput
          label={t('scores.value')}
          description={t('scores.valueHint')}
          required
          value={value}
          onChange={(event) => setValue(event.currentTarget.value)}
        />
        <TextInput label={t('scores.comment')} value={comment} onChange={(event) => setComment(event.currentTarget.value)} />
        {save.error && <ErrorState error={save.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onDone}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={save.isPending} disabled={name.trim() === '' || value.trim() === ''}>
            {t('common.save')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
