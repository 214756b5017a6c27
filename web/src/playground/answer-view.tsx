// The answer as it comes, what it took and cost, and the way to its trace.
import { Alert, Anchor, Button, Group, Loader, Stack, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { traceQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { CodeBlock } from '#ui/code-block.tsx';
import { CopyButton } from '#ui/copy-button.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Money } from '#ui/money.tsx';
import styles from './playground.module.css';
import type { Asked } from './use-answer.ts';

interface Props {
  projectId: string;
  asked: Asked;
  /** Takes the answer into the messages; null while it is not whole. */
  onGoOn: ((text: string) => void) | null;
}

export function AnswerView({ projectId, asked, onGoOn }: Props): ReactNode {
  const { t } = useText();
  const { answer, state, error } = asked;
  const ended = state === 'done' || state === 'stopped' || state === 'failed';
  return (
    <section className={styles.answer} aria-label={t('playground.answer')} aria-busy={state === 'asking'}>
      <Group justify="space-between" mb="xs">
        <Group gap="xs">
          <Title order={3}>{t('playground.answer')}</Title>
          {state === 'asking' && <Loader size="xs" />}
        </Group>
        {answer.text !== '' && <CopyButton text={answer.text} label={t('playground.copy')} />}
      </Group>
      <Stack gap="sm">
        {state === 'idle' && <Text c="dimmed">{t('playground.idle')}</Text>}
        {answer.thinking !== '' && (
          <Text size="sm" c="dimmed" className={styles.flowing}>
            {answer.thinking}
          </Text>
        )}
        {answer.text !== '' && <div className={styles.flowing}>{answer.text}</div>}
        {answer.toolCalls.map((call, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: calls only ever grow at their end.
          <div key={index}>
            <Text size="xs" fw={600} c="dimmed" mb={4}>
              {t('playground.toolCall', { name: call.name })}
            </Text>
            <CodeBlock text={call.arguments} wrap />
          </div>
        ))}
        {error && <ErrorState error={error} />}
        {state === 'stopped' && <Alert color="gray">{t('playground.stopped')}</Alert>}
        {answer.finishReason === 'length' && <Alert color="yellow">{t('playground.cut')}</Alert>}
        {ended && <Figures projectId={projectId} asked={asked} />}
        {ended && onGoOn !== null && answer.text !== '' && (
          <Button variant="default" style={{ alignSelf: 'flex-start' }} onClick={() => onGoOn(answer.text)}>
            {t('playground.goOn')}
          </Button>
        )}
      </Stack>
    </section>
  );
}

const LOOKS = 12;
const LOOK_EVERY_MS = 500;

/** What a call costs the ledger says, so it is read from the call's trace, which is there in a moment. */
function Figures({ projectId, asked }: { projectId: string; asked: Asked }): ReactNode {
  const { t, language } = useText();
  const { traceId, answer, firstMs, totalMs } = asked;
  const trace = useQuery({ ...traceQuery(projectId, traceId ?? ''), enabled: traceId !== null, retry: LOOKS, retryDelay: LOOK_EVERY_MS });
  const tokens = (count: number | null) => (count === null ? '–' : formatCount(count, language));
  return (
    <Group gap="4px 14px" className="quiet numeric" role="status">
      {totalMs !== null && <span>{formatDuration(totalMs)}</span>}
      {firstMs !== null && (
        <span>
          {t('overview.firstToken')} {formatDuration(firstMs)}
        </span>
      )}
      {(answer.inputTokens !== null || answer.outputTokens !== null) && (
        <span>{t('playground.tokens', { input: tokens(answer.inputTokens), output: tokens(answer.outputTokens) })}</span>
      )}
      {trace.data && <Money value={trace.data.trace.totalCost} unknown={t('traces.costUnknown')} />}
      {traceId !== null && (trace.data || trace.error) && (
        <Anchor size="sm" renderRoot={(props) => <Link to="/project/$projectId/traces/$traceId" params={{ projectId, traceId }} search={{}} {...props} />}>
          {t('playground.trace')}
        </Anchor>
      )}
    </Group>
  );
}
