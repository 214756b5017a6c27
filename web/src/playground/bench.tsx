// The draft and the answer beside each other.
import '#mantine-later.css';
import { Alert, Button, Group, Kbd, Stack, Text } from '@mantine/core';
import { IconDeviceFloppy, IconPlayerPlay, IconPlayerStop } from '@tabler/icons-react';
import { type KeyboardEvent, type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import type { PromptVersion } from '#prompts/use-prompts.ts';
import { AnswerView } from './answer-view.tsx';
import { type Draft, draftFaults, draftVariables, requestOf } from './draft.ts';
import { Messages } from './messages.tsx';
import { Parameters } from './parameters.tsx';
import styles from './playground.module.css';
import { SaveDialog } from './save-dialog.tsx';
import { useAnswer } from './use-answer.ts';
import { Variables } from './variables.tsx';

interface Props {
  projectId: string;
  first: Draft;
  /** Models that the gateway serves. */
  names: readonly string[];
  /** `wanted`: how the source calls its model when the gateway serves none of that name. */
  notice: { wanted: string; isComposed: boolean };
  source: PromptVersion | null;
}

export function Bench({ projectId, first, names, notice, source }: Props): ReactNode {
  const { t } = useText();
  const [draft, setDraft] = useState(first);
  const [values, setValues] = useState<Record<string, string>>({});
  const [saving, setSaving] = useState(false);
  const { asked, send, stop } = useAnswer(projectId);
  const faults = draftFaults(draft);
  const variables = draftVariables(draft);
  const asking = asked.state === 'asking';
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }));
  const go = () => {
    if (faults.size === 0) send(requestOf(draft, values));
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      go();
    }
    if (event.key === 'Escape' && asking) stop();
  };
  const goOn = (content: string) => {
    const last = Math.max(0, ...draft.messages.map(({ id }) => id));
    const answered = { id: last + 1, role: 'assistant' as const, content };
    change({ messages: [...draft.messages, answered, { id: last + 2, role: 'user', content: '' }] });
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys work wherever the focus is in here; buttons do the same.
    <div className={styles.bench} onKeyDown={onKeyDown}>
      <Stack gap="sm" className={styles.side}>
        {draft.leftOut > 0 && <Alert color="yellow">{t('playground.leftOut', { count: draft.leftOut })}</Alert>}
        {notice.wanted !== '' && <Alert color="yellow">{t('playground.otherModel', { name: notice.wanted })}</Alert>}
        {notice.isComposed && <Alert color="yellow">{t('playground.composed')}</Alert>}
        <Messages messages={draft.messages} onChange={(messages) => change({ messages })} />
        {variables.length > 0 && <Variables names={variables} values={values} onChange={setValues} />}
        <Parameters draft={draft} names={names} faults={faults} onChange={change} />
        <Group gap="xs">
          {asking ? (
            <Button color="red" leftSection={<IconPlayerStop size={14} />} onClick={stop}>
              {t('playground.stop')}
            </Button>
          ) : (
            <Button leftSection={<IconPlayerPlay size={14} />} disabled={faults.size > 0} onClick={go}>
              {t('playground.send')}
            </Button>
          )}
          <Button variant="default" leftSection={<IconDeviceFloppy size={14} />} disabled={faults.has('messages')} onClick={() => setSaving(true)}>
            {t('playground.save')}
          </Button>
          <Text size="xs" c="dimmed">
            <Kbd size="xs">Ctrl</Kbd> + <Kbd size="xs">Enter</Kbd>
          </Text>
        </Group>
      </Stack>
      <AnswerView projectId={projectId} asked={asked} onGoOn={asking ? null : goOn} />
      <SaveDialog opened={saving} projectId={projectId} draft={draft} source={source} onClose={() => setSaving(false)} />
    </div>
  );
}
