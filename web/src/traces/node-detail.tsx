// What is selected in a trace: figures, errors, input and output, metadata, scores.
import '#mantine-later.css';
import type { ConsoleObservation, ConsoleScore, ConsoleTrace } from '@genai/server/contract';
import { Alert, Anchor, Badge, Group, Stack, Tabs, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { AddToQueue } from '#content/add-to-queue.tsx';
import { Comments, type CommentTarget, commentsQuery } from '#content/comments.tsx';
import { InputOutput } from '#content/input-output.tsx';
import { useText } from '#i18n/i18n.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { OpenInPlayground } from '#playground/open-in-playground.tsx';
import { CopyButton } from '#ui/copy-button.tsx';
import { Facts } from '#ui/facts.tsx';
import { Instant } from '#ui/instant.tsx';
import { JsonView } from '#ui/json-view.tsx';
import { Money } from '#ui/money.tsx';
import { AddScore } from './add-score.tsx';
import { AddToDataset } from './add-to-dataset.tsx';
import styles from './node-detail.module.css';
import type { TraceRow } from './rows.ts';
import { Scores } from './scores.tsx';
import { TraceLinks } from './trace-links.tsx';
import { TraceLogs } from './trace-logs.tsx';

export function NodeDetail({ row, data, projectId }: { row: TraceRow; data: ConsoleTrace; projectId: string }): ReactNode {
  const { t } = useText();
  const { observation } = row;
  const scores = observation ? data.scores.filter((score) => score.observationId === observation.id) : data.scores;
  const source = observation ?? data.trace;
  const metadataSize = Object.keys(source.metadata).length;
  const target = { projectId, objectType: observation ? 'OBSERVATION' : 'TRACE', objectId: observation?.id ?? data.trace.id } as const;
  return (
    <section className={styles.frame} aria-label={t('traces.detail')}>
      <Head row={row} data={data} />
      <Tabs defaultValue="io" className={styles.tabs}>
        <Tabs.List px="sm" className={styles.tabList}>
          <Tabs.Tab value="io">{t('traces.inputOutput')}</Tabs.Tab>
          <Tabs.Tab value="details">{t('traces.details')}</Tabs.Tab>
          <Tabs.Tab value="metadata">
            {t('traces.metadata')} <Count value={metadataSize} />
          </Tabs.Tab>
          <Tabs.Tab value="scores">
            {t('traces.scores')} <Count value={scores.length} />
          </Tabs.Tab>
          <Tabs.Tab value="comments">
            {t('comments.title')} <CommentCount key={row.id} target={target} />
          </Tabs.Tab>
          <Tabs.Tab value="logs">{t('traceLogs.logs')}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="io" className={styles.panel}>
          <StatusMessage observation={observation} />
          <Group gap="xs">
            <AddToDataset source={{ projectId, traceId: data.trace.id, observationId: observation?.id ?? null, input: source.input, output: source.output }} />
            <AddToQueue key={row.id} target={target} />
            {observation?.type.toUpperCase() === 'GENERATION' && observation.input !== null && (
              <OpenInPlayground projectId={projectId} from={{ trace: data.trace.id, observation: observation.id }} />
            )}
          </Group>
          <InputOutput input={source.input} output={source.output} projectId={projectId} />
        </Tabs.Panel>
        <Tabs.Panel value="details" className={styles.panel}>
          <TraceLinks projectId={projectId} traceId={data.trace.id} observationId={observation?.id ?? null} />
          {observation ? <ObservationFacts observation={observation} projectId={projectId} /> : <TraceFacts data={data} />}
        </Tabs.Panel>
        <Tabs.Panel value="metadata" className={styles.panel}>
          {metadataSize === 0 ? <Text c="dimmed">{t('traces.noMetadata')}</Text> : <JsonView value={source.metadata} />}
        </Tabs.Panel>
        <Tabs.Panel value="scores" className={styles.panel}>
          <Stack gap="sm" align="flex-start">
            <AddScore target={{ projectId, traceId: data.trace.id, observationId: observation?.id ?? null }} />
            <Scores scores={scores} names={namesOf(data, scores)} />
          </Stack>
        </Tabs.Panel>
        <Tabs.Panel value="comments" className={styles.panel}>
          <Comments key={row.id} target={target} />
        </Tabs.Panel>
        <Tabs.Panel value="logs" className={styles.panel} keepMounted={false}>
          <TraceLogs projectId={projectId} traceId={data.trace.id} spanId={data.observations.length > 1 ? observation?.id : undefined} />
        </Tabs.Panel>
      </Tabs>
    </section>
  );
}

function Head({ row, data }: { row: TraceRow; data: ConsoleTrace }): ReactNode {
  const { t, language } = useText();
  const { observation } = row;
  return (
    <header className={styles.head}>
      <Group gap="sm" wrap="nowrap">
        <Badge color="gray">{observation?.type.toUpperCase() ?? 'TRACE'}</Badge>
        <Title order={2} className="truncate">
          {observation ? (observation.name ?? observation.id) : (data.trace.name ?? data.trace.id)}
        </Title>
        <CopyButton text={row.id} label={t('traces.copyId')} />
      </Group>
      <Group gap="2px 10px" mt={4} className="quiet numeric">
        <span>{row.durationMs === null ? t('traces.running') : formatDuration(row.durationMs)}</span>
        {observation?.firstTokenMs != null && (
          <span>
            {t('overview.firstToken')} {formatDuration(observation.firstTokenMs)}
          </span>
        )}
        {row.tokens > 0 && <span>{t('traces.tokenCount', { count: formatCount(row.tokens, language) })}</span>}
        {observation?.costCountedElsewhere ? (
          <span>{t('traces.countedElsewhere')}</span>
        ) : (
          (row.tokens > 0 || row.cost !== null) && <Money value={row.cost} unknown={t('traces.costUnknown')} />
        )}
        {observation?.model && <span>{observation.model}</span>}
      </Group>
    </header>
  );
}

function StatusMessage({ observation }: { observation: ConsoleObservation | null }): ReactNode {
  if (!observation?.statusMessage && observation?.level !== 'ERROR' && observation?.level !== 'WARNING') return null;
  const colour = observation.level === 'ERROR' ? 'red' : observation.level === 'WARNING' ? 'yellow' : 'gray';
  return (
    <Alert color={colour} variant="light" title={observation.level} mb="md">
      <span className={styles.message}>{observation.statusMessage ?? '–'}</span>
    </Alert>
  );
}

function ObservationFacts({ observation, projectId }: { observation: ConsoleObservation; projectId: string }): ReactNode {
  const { t, language } = useText();
  const usage = Object.entries(observation.usage).map(
    ([name, value]) =>
      [
        name,
        <span key={name} className="numeric">
          {formatCount(value, language)}
        </span>,
      ] as const,
  );
  return (
    <div className={styles.groups}>
      <Facts
        items={[
          [t('traces.id'), observation.id],
          [t('traces.parent'), observation.parentId],
          [t('traces.start'), <Instant key="start" at={observation.startTime} />],
          [t('traces.end'), observation.endTime === null ? t('traces.running') : <Instant key="end" at={observation.endTime} />],
          [t('overview.latency'), formatDuration(observation.latencyMs)],
          [t('overview.firstToken'), observation.firstTokenMs === null ? null : formatDuration(observation.firstTokenMs)],
          [t('common.model'), observation.model],
          [t('overview.cost'), observation.totalCost === null && usage.length === 0 ? null : <Money key="cost" value={observation.totalCost} />],
          [t('traces.level'), observation.level],
          [t('requests.keyAlias'), observation.keyAlias],
          [
            t('traces.prompt'),
            observation.promptName === null ? null : (
              <PromptLink key="prompt" projectId={projectId} name={observation.promptName} version={observation.promptVersion} />
            ),
          ],
        ]}
      />
      {usage.length > 0 && (
        <div>
          <Title order={3} mb="xs">
            {t('overview.tokens')}
          </Title>
          <Facts items={usage} />
        </div>
      )}
      {observation.modelParameters && Object.keys(observation.modelParameters).length > 0 && (
        <div>
          <Title order={3} mb="xs">
            {t('traces.parameters')}
          </Title>
          <JsonView value={observation.modelParameters} />
        </div>
      )}
    </div>
  );
}

function PromptLink({ projectId, name, version }: { projectId: string; name: string; version: number | null }): ReactNode {
  return (
    <Anchor
      size="sm"
      renderRoot={(props) => (
        <Link
          to="/project/$projectId/prompts/$promptName"
          params={{ projectId, promptName: name }}
          search={version === null ? {} : { version: String(version) }}
          {...props}
        />
      )}
    >
      {version === null ? name : `${name} v${version}`}
    </Anchor>
  );
}

function TraceFacts({ data }: { data: ConsoleTrace }): ReactNode {
  const { t, language } = useText();
  const { trace } = data;
  return (
    <Facts
      items={[
        [t('traces.id'), trace.id],
        [t('common.time'), <Instant key="time" at={trace.timestamp} />],
        [t('overview.latency'), formatDuration(trace.latencyMs)],
        [t('traces.observations'), formatCount(trace.observations, language)],
        [t('traces.errors'), formatCount(trace.errors, language)],
        [t('overview.tokens'), formatCount(trace.totalTokens, language)],
        [t('overview.cost'), <Money key="cost" value={trace.totalCost} />],
        [t('traces.user'), trace.userId],
        [t('traces.session'), trace.sessionId],
        [t('traces.environment'), trace.environment],
        [t('traces.tags'), trace.tags.join(', ')],
        [t('traces.release'), trace.release],
        [t('traces.version'), trace.version],
      ]}
    />
  );
}

function CommentCount({ target }: { target: CommentTarget }): ReactNode {
  const query = useQuery(commentsQuery(target));
  return <Count value={query.data?.length ?? 0} />;
}

function Count({ value }: { value: number }): ReactNode {
  return value === 0 ? null : <span className="quiet numeric">{value}</span>;
}

function namesOf(data: ConsoleTrace, scores: readonly ConsoleScore[]): ReadonlyMap<string, string> {
  const wanted = new Set(scores.map((score) => score.observationId));
  return new Map(data.observations.filter((one) => wanted.has(one.id)).map((one) => [one.id, one.name ?? one.type]));
}
