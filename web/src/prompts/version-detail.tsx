// What one version says: content, variables, configuration, labels; or its difference to another version.
import '#mantine-later.css';
import { Badge, Button, Group, Select, Skeleton, Stack, TagsInput, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { Comments } from '#content/comments.tsx';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { OpenInPlayground } from '#playground/open-in-playground.tsx';
import { CodeBlock } from '#ui/code-block.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { JsonView } from '#ui/json-view.tsx';
import { comparedText, variablesOf } from './content.ts';
import { LabelBadge } from './label-badge.tsx';
import styles from './prompts.module.css';
import { type PromptVersion, usePromptChanges, versionQuery } from './use-prompts.ts';

const TextDifference = lazy(() => import('#content/text-difference.tsx').then((module) => ({ default: module.TextDifference })));

interface Props {
  projectId: string;
  name: string;
  version: number;
  others: readonly number[];
  compared: number | null;
  onCompare: (version: number | null) => void;
}

export function VersionDetail({ projectId, name, version, others, compared, onCompare }: Props): ReactNode {
  const { t } = useText();
  const query = useQuery(versionQuery(projectId, name, version));
  const other = useQuery({ ...versionQuery(projectId, name, compared ?? 0), enabled: compared !== null });
  return (
    <section className={styles.detail} aria-label={t('prompts.content')}>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && <Skeleton height={240} />}
      {query.data && (
        <Stack gap="md">
          <Group justify="space-between">
            <Group gap={6}>
              <Title order={2}>v{version}</Title>
              {query.data.labels.map((label) => (
                <LabelBadge key={label} label={label} />
              ))}
            </Group>
            <Group gap="xs">
              <OpenInPlayground projectId={projectId} from={{ prompt: name, version: String(version) }} />
              {others.length > 0 && (
                <Select
                  w={190}
                  clearable
                  aria-label={t('prompts.compare')}
                  placeholder={t('prompts.compare')}
                  value={compared === null ? null : String(compared)}
                  data={others.map((one) => ({ value: String(one), label: t('prompts.compareWith', { version: one }) }))}
                  onChange={(value) => onCompare(value === null ? null : Number(value))}
                />
              )}
            </Group>
          </Group>
          {compared !== null && other.data && (
            <Suspense fallback={<Skeleton height={160} />}>
              <TextDifference before={comparedText(other.data)} after={comparedText(query.data)} />
            </Suspense>
          )}
          {compared === null && <Content version={query.data} />}
          <Labels key={query.data.labels.join()} projectId={projectId} version={query.data} />
          <div>
            <Title order={3} mb="xs">
              {t('comments.title')}
            </Title>
            <Comments key={query.data.id} target={{ projectId, objectType: 'PROMPT', objectId: query.data.id }} />
          </div>
        </Stack>
      )}
    </section>
  );
}

function Content({ version }: { version: PromptVersion }): ReactNode {
  const { t } = useText();
  const variables = variablesOf(version.prompt);
  const hasConfig = typeof version.config === 'object' && version.config !== null && Object.keys(version.config).length > 0;
  return (
    <>
      {typeof version.prompt === 'string' ? (
        <CodeBlock text={version.prompt} wrap />
      ) : (
        version.prompt.map((entry, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the messages of a stored version have no id and never move.
          <div key={index} className={styles.entry}>
            <Text size="xs" fw={600} c="dimmed" mb={4}>
              {'role' in entry ? entry.role : t('prompts.placeholder', { name: entry.name })}
            </Text>
            {'role' in entry && <CodeBlock text={entry.content} wrap />}
          </div>
        ))
      )}
      {variables.length > 0 && (
        <Group gap={4}>
          <Text size="xs" c="dimmed">
            {t('prompts.variables')}
          </Text>
          {variables.map((name) => (
            <Badge key={name} color="gray">
              {name}
            </Badge>
          ))}
        </Group>
      )}
      {hasConfig && (
        <div>
          <Title order={3} mb="xs">
            {t('prompts.config')}
          </Title>
          <JsonView value={version.config} />
        </div>
      )}
    </>
  );
}

/** Moves labels to this version: a label stands on one version of a prompt at a time. */
function Labels({ projectId, version }: { projectId: string; version: PromptVersion }): ReactNode {
  const { t } = useText();
  const mayChange = useMayChange(projectId);
  const { label } = usePromptChanges(projectId);
  const current = version.labels.filter((one) => one !== 'latest');
  const [labels, setLabels] = useState(current);
  if (!mayChange) return null;
  // The API adds labels to a version and takes them from the others; it has no way to take one away from all.
  const added = labels.filter((one) => !current.includes(one));
  return (
    <Group align="flex-end" gap="xs">
      <TagsInput
        label={t('prompts.labels')}
        description={t('prompts.labelsHint')}
        w={380}
        data={['production', 'staging']}
        value={labels}
        onChange={(next) => setLabels([...new Set([...current, ...next])])}
      />
      <Button
        disabled={added.length === 0}
        loading={label.isPending}
        onClick={() => label.mutate({ name: version.name, version: version.version, labels: added })}
      >
        {t('common.save')}
      </Button>
      {label.error && <ErrorState error={label.error} />}
    </Group>
  );
}
