// How far started experiments are, and what stood in their way; those that went well are runs below.
import '#mantine-later.css';
import { Badge, Button, Group, Progress, Stack, Text } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCount } from '#lib/format.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Money } from '#ui/money.tsx';
import styles from './datasets.module.css';
import { type ExperimentJob, experimentsQuery, useExperimentChanges } from './use-experiments.ts';

const COLOURS = { running: 'blue', done: 'teal', failed: 'red', cancelled: 'gray' } as const;

export function ExperimentList({ projectId, datasetName }: { projectId: string; datasetName: string }): ReactNode {
  const { t } = useText();
  const query = useQuery(experimentsQuery(projectId, datasetName));
  const queries = useQueryClient();
  const running = query.data?.filter(({ state }) => state === 'running').length ?? 0;
  // The list of runs below says the news too.
  // biome-ignore lint/correctness/useExhaustiveDependencies: it is asked again when one begins or ends.
  useEffect(() => {
    void queries.invalidateQueries({ queryKey: ['datasets', projectId, 'runs', datasetName] });
  }, [running, projectId, datasetName, queries]);
  // A run that went well needs no line of its own.
  const shown = (query.data ?? []).filter(
    ({ state, failed }, index) => state === 'running' || index === 0 || ((state === 'failed' || failed > 0) && index < 3),
  );
  if (shown.length === 0) return null;
  return (
    <Stack gap="xs" mb="sm" component="section" aria-label={t('experiments.title')}>
      {shown.map((job) => (
        <Job key={job.id} projectId={projectId} job={job} />
      ))}
    </Stack>
  );
}

function Job({ projectId, job }: { projectId: string; job: ExperimentJob }): ReactNode {
  const { t, language } = useText();
  const mayChange = useMayChange(projectId);
  const { cancel } = useExperimentChanges(projectId);
  const ended = job.done + job.failed;
  const count = (value: number) => formatCount(value, language);
  return (
    <div className={styles.job}>
      <Group justify="space-between" gap="sm">
        <Group gap="xs">
          <Badge color={COLOURS[job.state]}>{t(`experiments.state.${job.state}`)}</Badge>
          <Text size="sm" fw={600}>
            {job.runName}
          </Text>
          <Text size="xs" c="dimmed">
            {job.promptName} v{job.promptVersion} · {job.model} · {job.startedBy}
          </Text>
        </Group>
        <Group gap="sm">
          <Text size="sm" className="numeric" role="status">
            {t('experiments.progress', { done: count(job.done), total: count(job.total), failed: count(job.failed) })}
          </Text>
          {job.cost !== null && <Money value={job.cost} />}
          {job.state === 'running' && mayChange && (
            <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate(job.id)}>
              {t('experiments.cancel')}
            </Button>
          )}
        </Group>
      </Group>
      {job.state === 'running' && <Progress mt={6} value={job.total === 0 ? 0 : (100 * ended) / job.total} aria-label={job.runName} />}
      {[job.problem, ...job.causes].map(
        (cause) =>
          cause !== null && (
            <Text key={cause} size="xs" c="red" mt={4}>
              {cause}
            </Text>
          ),
      )}
      {cancel.error && <ErrorState error={cancel.error} />}
    </div>
  );
}
