// One item of the comparison whole: what was asked and expected, and each run's output set against it line by line, with its scores and its trace.
import '#mantine-later.css';
import { Anchor, Badge, Drawer, Group, SegmentedControl, Skeleton, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { CodeBlock } from '#ui/code-block.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Identifier } from '#ui/identifier.tsx';
import styles from './comparison.module.css';
import { contentsQuery, type ItemContent, type ItemScore, type Run } from './use-comparison.ts';

const TextDifference = lazy(() => import('#content/text-difference.tsx').then((module) => ({ default: module.TextDifference })));

type Against = 'expected' | 'baseline' | 'nothing';

interface Props {
  projectId: string;
  runs: readonly Run[];
  itemId: string | null;
  onClose: () => void;
}

export function ComparedItemDrawer({ projectId, runs, itemId, onClose }: Props): ReactNode {
  const { t } = useText();
  const ids = runs.map((run) => run.id);
  const query = useQuery({ ...contentsQuery(projectId, ids, [itemId ?? '']), enabled: itemId !== null && ids.length > 0 });
  return (
    <Drawer
      opened={itemId !== null}
      onClose={onClose}
      size="xl"
      title={<Identifier value={itemId ?? ''} />}
      closeButtonProps={{ 'aria-label': t('common.close') }}
    >
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {query.isPending && !query.error && <Skeleton height={240} />}
      {query.data && <Item projectId={projectId} runs={runs} contents={query.data.data} />}
    </Drawer>
  );
}

/** What a value reads like: a text as it is, anything else as JSON over several lines. */
function readable(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value, null, 2);
}

function Item({ projectId, runs, contents }: { projectId: string; runs: readonly Run[]; contents: readonly ItemContent[] }): ReactNode {
  const { t } = useText();
  const [chosen, setAgainst] = useState<Against>('expected');
  const [first] = contents;
  const expected = readable(first?.expectedOutput);
  const baseline = contents.find((one) => one.experimentId === runs[0]?.id);
  const choices = [...(expected === '' ? [] : ['expected' as const]), ...(runs.length > 1 && baseline ? ['baseline' as const] : []), 'nothing' as const];
  const against = choices.includes(chosen) ? chosen : (choices[0] as Against);
  const before = against === 'expected' ? expected : against === 'baseline' ? readable(baseline?.output) : null;
  return (
    <Stack gap="md">
      <Section title={t('common.input')} text={readable(first?.input)} />
      <Section title={t('comparison.expected')} text={expected} />
      <Group gap="xs">
        <Text size="xs" c="dimmed">
          {t('comparison.against')}
        </Text>
        <SegmentedControl
          size="xs"
          aria-label={t('comparison.against')}
          value={against}
          onChange={(value) => setAgainst(value as Against)}
          data={choices.map((value) => ({ value, label: t(`comparison.against.${value}`) }))}
        />
      </Group>
      {runs.map((run) =>
        contents
          .filter((one) => one.experimentId === run.id)
          .map((content) => (
            <RunOutput
              key={content.id}
              projectId={projectId}
              run={run}
              content={content}
              before={against === 'baseline' && run.id === runs[0]?.id ? null : before}
            />
          )),
      )}
    </Stack>
  );
}

function Section({ title, text }: { title: string; text: string }): ReactNode {
  return (
    <section aria-label={title}>
      <Text size="xs" fw={600} c="dimmed" mb={5}>
        {title}
      </Text>
      {text === '' ? <span className="quiet">–</span> : <CodeBlock text={text} wrap maxHeight={240} />}
    </section>
  );
}

function RunOutput({ projectId, run, content, before }: { projectId: string; run: Run; content: ItemContent; before: string | null }): ReactNode {
  const { t } = useText();
  const output = readable(content.output);
  return (
    <section aria-label={run.name} className={styles.runOutput}>
      <Group justify="space-between" gap="sm" mb={6}>
        <Group gap="xs">
          <Title order={3}>{run.name}</Title>
          {content.level !== 'DEFAULT' && <Badge color={content.level === 'ERROR' ? 'red' : 'yellow'}>{content.level}</Badge>}
        </Group>
        <Anchor
          size="sm"
          renderRoot={(props) => <Link to="/project/$projectId/traces/$traceId" params={{ projectId, traceId: content.traceId }} search={{}} {...props} />}
        >
          {t('comparison.openTrace')}
        </Anchor>
      </Group>
      <OutputText output={output} before={before} />
      <ScoreList scores={content.scores} />
    </section>
  );
}

function OutputText({ output, before }: { output: string; before: string | null }): ReactNode {
  const { t } = useText();
  if (before === null) return output === '' ? <span className="quiet">–</span> : <CodeBlock text={output} wrap maxHeight={360} />;
  if (before === output) return <Text size="sm">{t('comparison.same')}</Text>;
  return (
    <Suspense fallback={<Skeleton height={60} />}>
      <TextDifference before={before} after={output} />
    </Suspense>
  );
}

function ScoreList({ scores }: { scores: readonly ItemScore[] }): ReactNode {
  if (scores.length === 0) return null;
  return (
    <ul className={styles.scores}>
      {scores.map((score) => (
        <li key={score.id}>
          <strong>{score.name}</strong> <span className="numeric">{String(score.value)}</span> <Badge color="gray">{score.source}</Badge>
          {score.comment && <span className="quiet"> {score.comment}</span>}
        </li>
      ))}
    </ul>
  );
}
