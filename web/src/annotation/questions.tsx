// The questions about an item, one a score config: digits choose, arrows move, c completes and goes on.
import '#mantine-later.css';
import { Button, Group, Kbd, Skeleton, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type KeyboardEvent as ReactKeyboardEvent, type ReactNode, useRef, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { type Shortcuts, useShortcuts } from '#lib/shortcuts.ts';
import { ErrorState } from '#ui/error-state.tsx';
import styles from './annotation.module.css';
import { type Answers, answerOfKey, choicesOf, faultsOf, nextOpen, type ScoreConfig, valueOfAnswer } from './answers.ts';
import { answersQuery, objectQuery, type QueueItem, useComplete, useReopen } from './use-annotation.ts';

interface Props {
  projectId: string;
  item: QueueItem;
  configs: readonly ScoreConfig[];
  mayWrite: boolean;
  onCompleted: () => void;
}

/** Waits for what was answered before, so that it is not written over. */
export function QuestionsOfItem(props: Props): ReactNode {
  const before = useQuery(answersQuery(props.projectId, props.item, props.configs));
  if (before.error) return <ErrorState error={before.error} onRetry={() => void before.refetch()} />;
  if (before.data === undefined) return <Skeleton height={160} />;
  return <Questions {...props} before={before.data} />;
}

function Questions({ projectId, item, configs, mayWrite, onCompleted, before }: Props & { before: Answers }): ReactNode {
  const { t } = useText();
  const [answers, setAnswers] = useState<Answers>(before);
  const [active, setActive] = useState(0);
  const list = useRef<HTMLOListElement>(null);
  const object = useQuery(objectQuery(projectId, item));
  const complete = useComplete(projectId);
  const reopen = useReopen(projectId);
  const faults = faultsOf(configs, answers);
  const ready = mayWrite && object.data !== undefined && faults.length === 0 && !complete.isPending;
  const finish = () => {
    if (!ready || object.data === undefined) return;
    complete.mutate({ item, subject: object.data.subject, configs, answers }, { onSuccess: onCompleted });
  };
  const answer = (config: ScoreConfig, text: string, moveOn: boolean) => {
    const next = { ...answers, [config.id]: text };
    setAnswers(next);
    if (moveOn) setActive(nextOpen(configs, next, active));
  };
  useShortcuts(
    keysOf({
      configs,
      active,
      setActive,
      answer,
      finish,
      focus: () => list.current?.querySelectorAll('li')[active]?.querySelector<HTMLElement>('input, textarea')?.focus(),
    }),
    mayWrite,
  );
  return (
    <Stack gap="md">
      <ol ref={list} className={styles.list}>
        {configs.map((config, index) => (
          <Question
            key={config.id}
            config={config}
            value={answers[config.id] ?? ''}
            active={index === active}
            disabled={!mayWrite}
            onActivate={() => setActive(index)}
            onAnswer={(text) => answer(config, text, false)}
            onFinish={finish}
          />
        ))}
      </ol>
      {configs.length === 0 && <Text c="dimmed">{t('annotation.noConfigs')}</Text>}
      {(complete.error ?? reopen.error) && <ErrorState error={complete.error ?? reopen.error} />}
      {mayWrite && (
        <Group gap="xs">
          <Button loading={complete.isPending} disabled={!ready} onClick={finish}>
            {t(item.status === 'COMPLETED' ? 'annotation.saveAgain' : 'annotation.complete')}
          </Button>
          {item.status === 'COMPLETED' && (
            <Button variant="default" loading={reopen.isPending} onClick={() => reopen.mutate(item)}>
              {t('annotation.reopen')}
            </Button>
          )}
        </Group>
      )}
      <Keys />
    </Stack>
  );
}

interface KeyParts {
  configs: readonly ScoreConfig[];
  active: number;
  setActive: (index: number) => void;
  answer: (config: ScoreConfig, text: string, moveOn: boolean) => void;
  finish: () => void;
  focus: () => void;
}

function keysOf({ configs, active, setActive, answer, finish, focus }: KeyParts): Shortcuts {
  const move = (step: number) => (event: KeyboardEvent) => {
    event.preventDefault();
    setActive(Math.max(0, Math.min(configs.length - 1, active + step)));
  };
  const choose = (event: KeyboardEvent) => {
    const config = configs[active];
    const text = answerOfKey(config, event.key);
    if (config !== undefined && text !== null) answer(config, text, true);
  };
  const digits = Object.fromEntries(['1', '2', '3', '4', '5', '6', '7', '8', '9'].map((key) => [key, choose]));
  const edit = (event: KeyboardEvent) => {
    event.preventDefault();
    focus();
  };
  return { ...digits, j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1), e: edit, c: finish };
}

interface QuestionProps {
  config: ScoreConfig;
  value: string;
  active: boolean;
  disabled: boolean;
  onActivate: () => void;
  onAnswer: (text: string) => void;
  onFinish: () => void;
}

function Question({ config, value, active, disabled, onActivate, onAnswer, onFinish }: QuestionProps): ReactNode {
  const choices = choicesOf(config);
  return (
    <li className={styles.question} data-active={active} aria-current={active ? 'step' : undefined}>
      <Text size="sm" fw={600}>
        {config.name}
      </Text>
      {config.description && (
        <Text size="xs" c="dimmed">
          {config.description}
        </Text>
      )}
      {choices.length > 0 ? (
        <Group gap={6} mt={6} role="radiogroup" aria-label={config.name}>
          {choices.map((choice, index) => (
            <Button
              key={choice}
              size="compact-sm"
              role="radio"
              aria-checked={choice === value}
              variant={choice === value ? 'filled' : 'default'}
              disabled={disabled}
              leftSection={index < 9 ? <Kbd size="xs">{index + 1}</Kbd> : null}
              onClick={() => {
                onActivate();
                onAnswer(choice === value ? '' : choice);
              }}
            >
              {choice}
            </Button>
          ))}
        </Group>
      ) : (
        <Typed config={config} value={value} disabled={disabled} onActivate={onActivate} onAnswer={onAnswer} onFinish={onFinish} />
      )}
    </li>
  );
}

function Typed({ config, value, disabled, onActivate, onAnswer, onFinish }: Omit<QuestionProps, 'active'>): ReactNode {
  const { t } = useText();
  const wrong = value !== '' && valueOfAnswer(config, value) === null;
  const bounds = [config.minValue, config.maxValue].map((bound) => (bound === null ? '…' : String(bound)));
  const hint = config.dataType === 'NUMERIC' ? t('annotation.range', { min: bounds[0] as string, max: bounds[1] as string }) : t('annotation.textHint');
  const common = {
    mt: 6,
    'aria-label': config.name,
    placeholder: hint,
    value,
    disabled,
    error: wrong ? hint : null,
    onFocus: onActivate,
    onChange: (event: { currentTarget: { value: string } }) => onAnswer(event.currentTarget.value),
    onKeyDown: (event: ReactKeyboardEvent<HTMLElement>) => {
      if (event.nativeEvent.isComposing) return;
      if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) onFinish();
      else if (event.key === 'Escape' || (event.key === 'Enter' && config.dataType === 'NUMERIC')) event.currentTarget.blur();
    },
  };
  return config.dataType === 'NUMERIC' ? <TextInput {...common} w={160} inputMode="decimal" /> : <Textarea {...common} autosize minRows={2} maxRows={8} />;
}

const KEYS = [
  ['1 – 9', 'annotation.key.choose'],
  ['j k', 'annotation.key.move'],
  ['e', 'annotation.key.edit'],
  ['c', 'annotation.key.complete'],
  ['n p', 'annotation.key.items'],
] as const;

function Keys(): ReactNode {
  const { t } = useText();
  return (
    <ul className={styles.keys}>
      {KEYS.map(([keys, text]) => (
        <li key={keys}>
          {keys.split(' ').map((key) =>
            key === '–' ? (
              ' – '
            ) : (
              <Kbd key={key} size="xs">
                {key}
              </Kbd>
            ),
          )}{' '}
          {t(text)}
        </li>
      ))}
    </ul>
  );
}
