// Input and output of a node: as a conversation where there is one, as a tree, or exactly as received.
import { Group, SegmentedControl, Stack, Text } from '@mantine/core';
import { useLocalStorage } from '@mantine/hooks';
import { type ReactNode, useMemo } from 'react';
import { useText } from '#i18n/i18n.ts';
import { CodeBlock } from '#ui/code-block.tsx';
import { JsonView } from '#ui/json-view.tsx';
import { parse, readConversation } from './chat.ts';
import { ChatView } from './chat-view.tsx';
import { MediaStrip } from './media-strip.tsx';

type Form = 'chat' | 'json' | 'raw';

export function InputOutput({ input, output, projectId }: { input: string | null; output: string | null; projectId: string }): ReactNode {
  const { t } = useText();
  const [form, setForm] = useLocalStorage<Form>({ key: 'genai.io-form', defaultValue: 'chat', getInitialValueInEffect: false });
  if (input === null && output === null) return <Text c="dimmed">{t('traces.noContent')}</Text>;
  return (
    <Stack gap="sm">
      <Group justify="flex-end">
        <SegmentedControl
          size="xs"
          aria-label={t('traces.form')}
          value={form}
          data={[
            { value: 'chat', label: t('traces.chat') },
            { value: 'json', label: 'JSON' },
            { value: 'raw', label: t('traces.raw') },
          ]}
          onChange={(value) => setForm(value as Form)}
        />
      </Group>
      <Side title={t('common.input')} raw={input} side="input" form={form} projectId={projectId} />
      <Side title={t('common.output')} raw={output} side="output" form={form} projectId={projectId} />
    </Stack>
  );
}

interface SideProperties {
  title: string;
  raw: string | null;
  side: 'input' | 'output';
  form: Form;
  projectId: string;
}

function Side({ title, raw, side, form, projectId }: SideProperties): ReactNode {
  const { t } = useText();
  return (
    <section aria-label={title}>
      <Text size="xs" fw={600} c="dimmed" mb={5}>
        {title}
      </Text>
      {raw === null ? <Text c="dimmed">{t('traces.nothingRecorded')}</Text> : <Content raw={raw} side={side} form={form} />}
      {raw !== null && <MediaStrip raw={raw} projectId={projectId} />}
    </section>
  );
}

function Content({ raw, side, form }: { raw: string; side: 'input' | 'output'; form: Form }): ReactNode {
  const conversation = useMemo(() => (form === 'chat' ? readConversation(raw, side) : null), [raw, side, form]);
  const value = useMemo(() => (form === 'raw' || conversation ? null : parse(raw)), [raw, form, conversation]);
  if (form === 'raw') return <CodeBlock text={raw} wrap />;
  if (conversation) return <ChatView conversation={conversation} />;
  return <JsonView value={value} openLevels={3} />;
}
