// The call to paste when nothing has happened yet; the same on every empty page.
import { Stack, Text } from '@mantine/core';
import type { ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { CodeBlock } from './code-block.tsx';

/** `gateway` is the base of the gateway door. `demo` is the model of the starter config that answers without a network. */
export function FirstCall({ gateway, model = 'demo' }: { gateway: string; model?: string }): ReactNode {
  const { t } = useText();
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: t('firstCall.prompt') }] });
  const command = `curl ${gateway}/v1/chat/completions \\\n  -H "Authorization: Bearer $GENAI_API_KEY" \\\n  -H 'Content-Type: application/json' \\\n  -d '${body}'`;
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {t('firstCall.key')}
      </Text>
      <CodeBlock text={`export GENAI_API_KEY=sk-…\n\n${command}`} />
      <Text size="xs" c="dimmed">
        {t('firstCall.demo')} <code>./genai demo</code>
      </Text>
    </Stack>
  );
}
