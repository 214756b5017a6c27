// A new annotation queue: its name and the score configs that its items are judged by; a config can be made on the way.
import '#mantine-later.css';
import { Button, Group, Modal, MultiSelect, NumberInput, Select, Stack, TagsInput, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ErrorState } from '#ui/error-state.tsx';
import type { ScoreConfig } from './answers.ts';
import { configsQuery, type NewConfig, useQueueChanges } from './use-annotation.ts';

export function QueueDialog({ opened, projectId, onClose }: { opened: boolean; projectId: string; onClose: () => void }): ReactNode {
  const { t } = useText();
  return (
    <Modal opened={opened} onClose={onClose} title={t('annotation.create')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <QueueForm projectId={projectId} onDone={onClose} />
    </Modal>
  );
}

function QueueForm({ projectId, onDone }: { projectId: string; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { create } = useQueueChanges(projectId);
  const configs = useQuery(configsQuery(projectId));
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [chosen, setChosen] = useState<string[]>([]);
  const [adding, setAdding] = useState(false);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    create.mutate({ name: name.trim(), description: description.trim(), scoreConfigIds: chosen }, { onSuccess: onDone });
  };
  const usable = configs.data?.filter((config) => !config.isArchived) ?? [];
  return (
    <Stack gap="sm">
      <form id="queue" onSubmit={submit}>
        <Stack gap="sm">
          <TextInput label={t('traces.name')} required data-autofocus value={name} onChange={(event) => setName(event.currentTarget.value)} />
          <TextInput label={t('datasets.description')} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
          <MultiSelect
            label={t('annotation.configs')}
            description={t('annotation.configsHint')}
            searchable
            data={usable.map((config) => ({ value: config.id, label: config.name }))}
            value={chosen}
            onChange={setChosen}
          />
        </Stack>
      </form>
      {configs.error && <ErrorState error={configs.error} onRetry={() => void configs.refetch()} />}
      {adding ? (
        <ConfigForm
          projectId={projectId}
          onDone={(config) => {
            if (config !== null) setChosen([...chosen, config.id]);
            setAdding(false);
          }}
        />
      ) : (
        <Group>
          <Button size="compact-sm" variant="default" onClick={() => setAdding(true)}>
            {t('annotation.newConfig')}
          </Button>
        </Group>
      )}
      {create.error && <ErrorState error={create.error} />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onDone}>
          {t('common.cancel')}
        </Button>
        <Button type="submit" form="queue" loading={create.isPending} disabled={name.trim() === '' || chosen.length === 0}>
          {t('common.save')}
        </Button>
      </Group>
    </Stack>
  );
}

const TYPES = ['BOOLEAN', 'CATEGORICAL', 'NUMERIC', 'TEXT'] as const;

function ConfigForm({ projectId, onDone }: { projectId: string; onDone: (config: ScoreConfig | null) => void }): ReactNode {
  const { t } = useText();
  const { createConfig } = useQueueChanges(projectId);
  const [name, setName] = useState('');
  const [dataType, setDataType] = useState<(typeof TYPES)[number]>('BOOLEAN');
  const [labels, setLabels] = useState<string[]>([]);
  const [range, setRange] = useState<{ minValue: number | null; maxValue: number | null }>({ minValue: 0, maxValue: 1 });
  const body: NewConfig = {
    name: name.trim(),
    dataType,
    ...(dataType === 'NUMERIC' ? range : {}),
    // The first one is the best: values fall from there.
    ...(dataType === 'CATEGORICAL' ? { categories: labels.map((label, index) => ({ label, value: labels.length - 1 - index })) } : {}),
  };
  return (
    <Stack gap="xs" pl="md">
      <Group gap="xs" grow align="end">
        <TextInput label={t('traces.name')} maxLength={35} value={name} onChange={(event) => setName(event.currentTarget.value)} />
        <Select
          label={t('annotation.type')}
          allowDeselect={false}
          data={TYPES.map((value) => ({ value, label: t(`annotation.type.${value}`) }))}
          value={dataType}
          onChange={(value) => setDataType(TYPES.find((one) => one === value) ?? 'BOOLEAN')}
        />
      </Group>
      {dataType === 'CATEGORICAL' && (
        <TagsInput label={t('annotation.categories')} description={t('annotation.categoriesHint')} value={labels} onChange={setLabels} />
      )}
      {dataType === 'NUMERIC' && (
        <Group gap="xs" grow>
          <NumberInput label={t('annotation.min')} value={range.minValue ?? ''} onChange={(value) => setRange({ ...range, minValue: numberOf(value) })} />
          <NumberInput label={t('annotation.max')} value={range.maxValue ?? ''} onChange={(value) => setRange({ ...range, maxValue: numberOf(value) })} />
        </Group>
      )}
      {createConfig.error && <ErrorState error={createConfig.error} />}
      <Group justify="flex-end" gap="xs">
        <Button size="compact-sm" variant="default" onClick={() => onDone(null)}>
          {t('common.cancel')}
        </Button>
        <Button
          size="compact-sm"
          loading={createConfig.isPending}
          disabled={body.name === '' || (dataType === 'CATEGORICAL' && labels.length === 0)}
          onClick={() => createConfig.mutate(body, { onSuccess: onDone })}
        >
          {t('annotation.addConfig')}
        </Button>
      </Group>
    </Stack>
  );
}

function numberOf(value: number | string): number | null {
  return value === '' || !Number.isFinite(Number(value)) ? null : Number(value);
}
