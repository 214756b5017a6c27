// Starts an experiment: a version of a prompt over the dataset with a model.
import '#mantine-later.css';
import { Button, Group, Modal, Select, Stack, Text, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { modelsQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { variablesOf } from '#prompts/content.ts';
import { promptsQuery, versionQuery } from '#prompts/use-prompts.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { type NewExperiment, useExperimentChanges } from './use-experiments.ts';

interface Props {
  opened: boolean;
  projectId: string;
  datasetName: string;
  onClose: () => void;
  onStarted: () => void;
}

export function ExperimentDialog({ opened, onClose, ...rest }: Props): ReactNode {
  const { t } = useText();
  return (
    <Modal opened={opened} onClose={onClose} title={t('experiments.start')} closeButtonProps={{ 'aria-label': t('common.close') }}>
      <ExperimentForm onClose={onClose} {...rest} />
    </Modal>
  );
}

const isWithin = (text: string, least: number, most: number, whole: boolean): boolean =>
  text.trim() === '' || (Number(text) >= least && Number(text) <= most && (!whole || Number.isInteger(Number(text))));

/** The prompt and the version of it, the newest unless chosen, with the variables that it has. */
function usePromptChoice(projectId: string) {
  const query = useQuery(promptsQuery(projectId));
  const [prompt, setPrompt] = useState<string | null>(null);
  const [version, chooseVersion] = useState<string | null>(null);
  const versions = [...(query.data?.find(({ name }) => name === prompt)?.versions ?? [])].sort((one, other) => other - one);
  const chosen = Number(version ?? versions[0] ?? 0);
  const content = useQuery({ ...versionQuery(projectId, prompt ?? '', chosen), enabled: prompt !== null && chosen > 0 });
  const choosePrompt = (name: string | null) => {
    setPrompt(name);
    chooseVersion(null);
  };
  const prompts = query.data?.map(({ name }) => name) ?? [];
  return { prompts, prompt, versions, chosen, variables: content.data ? variablesOf(content.data.prompt) : null, choosePrompt, chooseVersion };
}

function parametersOf(temperature: string, maxTokens: string): NewExperiment['parameters'] {
  return {
    ...(temperature.trim() === '' ? {} : { temperature: Number(temperature) }),
    ...(maxTokens.trim() === '' ? {} : { max_tokens: Number(maxTokens) }),
  };
}

function ExperimentForm({ projectId, datasetName, onClose, onStarted }: Omit<Props, 'opened'>): ReactNode {
  const { t } = useText();
  const { start } = useExperimentChanges(projectId);
  const { prompts, prompt, versions, chosen, variables, choosePrompt, chooseVersion } = usePromptChoice(projectId);
  const models = useQuery(modelsQuery);
  const [model, setModel] = useState<string | null>(null);
  const [typedName, setTypedName] = useState<string | null>(null);
  const [temperature, setTemperature] = useState('');
  const [maxTokens, setMaxTokens] = useState('');
  const runName = typedName ?? (prompt !== null && model !== null ? `${prompt} v${chosen} · ${model}` : '');
  const right = { temperature: isWithin(temperature, 0, 2, false), maxTokens: isWithin(maxTokens, 1, 10_000_000, true) };
  const isReady = prompt !== null && chosen > 0 && model !== null && runName.trim() !== '' && right.temperature && right.maxTokens;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (prompt === null || model === null) return;
    start.mutate(
      { datasetName, runName: runName.trim(), promptName: prompt, promptVersion: chosen, model, parameters: parametersOf(temperature, maxTokens) },
      { onSuccess: onStarted },
    );
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack gap="sm">
        <Group grow align="flex-start">
          <Select label={t('experiments.prompt')} searchable data-autofocus data={prompts} value={prompt} onChange={choosePrompt} />
          <Select
            label={t('traces.version')}
            allowDeselect={false}
            disabled={versions.length === 0}
            data={versions.map((one) => ({ value: String(one), label: `v${one}` }))}
            value={versions.length === 0 ? null : String(chosen)}
            onChange={chooseVersion}
          />
        </Group>
        {variables !== null && (
          <Text size="sm" c="dimmed">
            {t('experiments.variables', { names: variables.join(', ') || '–' })}
          </Text>
        )}
        <Select
          label={t('common.model')}
          searchable
          data={models.data?.data.map(({ name }) => name).filter((name) => !name.includes('*')) ?? []}
          value={model}
          onChange={setModel}
        />
        <Group grow align="flex-start">
          <TextInput
            label={t('playground.temperature')}
            placeholder={t('playground.asTheModel')}
            value={temperature}
            error={right.temperature ? null : t('playground.fault.temperature')}
            onChange={(event) => setTemperature(event.currentTarget.value)}
          />
          <TextInput
            label={t('playground.maxTokens')}
            placeholder={t('playground.asTheModel')}
            value={maxTokens}
            error={right.maxTokens ? null : t('playground.fault.maxTokens')}
            onChange={(event) => setMaxTokens(event.currentTarget.value)}
          />
        </Group>
        <TextInput label={t('experiments.runName')} value={runName} onChange={(event) => setTypedName(event.currentTarget.value)} />
        <Text size="sm" c="dimmed">
          {t('experiments.who')}
        </Text>
        {start.error && <ErrorState error={start.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button type="submit" loading={start.isPending} disabled={!isReady}>
            {t('experiments.go')}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
