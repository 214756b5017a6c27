// Keeps what a trace or an observation got and gave as an item of a dataset.
import '#mantine-later.css';
import { Button, Group, Modal, Select, Stack, Switch, Text } from '@mantine/core';
import { IconTable } from '@tabler/icons-react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import { api } from '#api/client.ts';
import { datasetsQuery } from '#api/project-queries.ts';
import { parse } from '#content/chat.ts';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';

interface Source {
  projectId: string;
  traceId: string;
  observationId: string | null;
  /** JSON text. */
  input: string | null;
  output: string | null;
}

export function AddToDataset({ source }: { source: Source }): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(source.projectId);
  const [opened, setOpened] = useState(false);
  if (!mayChange || (source.input === null && source.output === null)) return null;
  return (
    <>
      <Button variant="default" mb="sm" leftSection={<IconTable size={14} />} onClick={() => setOpened(true)}>
        {t('datasets.addFromTrace')}
      </Button>
      <Modal opened={opened} onClose={() => setOpened(false)} title={t('datasets.addFromTrace')} closeButtonProps={{ 'aria-label': t('common.close') }}>
        <DatasetForm source={source} onDone={() => setOpened(false)} />
      </Modal>
    </>
  );
}

function DatasetForm({ source, onDone }: { source: Source; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { projectId } = source;
  const datasets = useQuery(datasetsQuery(projectId));
  const [name, setName] = useState<string | null>(null);
  const [asExpected, setAsExpected] = useState(true);
  const save = useMutation({
    mutationFn: async (datasetName: string) => {
      const body = {
        datasetName,
        input: source.input === null ? null : parse(source.input),
        ...(asExpected && source.output !== null ? { expectedOutput: parse(source.output) } : {}),
        sourceTraceId: source.traceId,
        ...(source.observationId === null ? {} : { sourceObservationId: source.observationId }),
      };
      await api('/api/public/dataset-items', { method: 'POST', projectId, body });
      return datasetName;
    },
  });
  const names = datasets.data?.map((dataset) => dataset.name) ?? [];
  if (save.data !== undefined)
    return (
      <Stack gap="md">
        <Text>{t('datasets.added', { name: save.data })}</Text>
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onDone}>
            {t('common.close')}
          </Button>
          <Button
            renderRoot={(props) => (
              <Link to="/project/$projectId/datasets/$datasetName" params={{ projectId, datasetName: save.data }} search={{}} {...props} />
            )}
          >
            {t('datasets.open')}
          </Button>
        </Group>
      </Stack>
    );
  return (
    <Stack gap="sm">
      {datasets.error && <ErrorState error={datasets.error} onRetry={() => void datasets.refetch()} />}
      {datasets.data?.length === 0 ? (
        <Text c="dimmed">{t('datasets.noneYet')}</Text>
      ) : (
        <Select label={t('datasets.dataset')} searchable data={names} value={name} onChange={setName} data-autofocus />
      )}
      <Switch checked={asExpected} label={t('datasets.asExpected')} onChange={(event) => setAsExpected(event.currentTarget.checked)} />
      {save.error && <ErrorState error={save.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onDone}>
          {t('common.cancel')}
        </Button>
        <Button loading={save.isPending} disabled={name === null} onClick={() => name !== null && save.mutate(name)}>
          {t('common.save')}
        </Button>
      </Group>
    </Stack>
  );
}
