// The call to paste when nothing has happened yet; the same on every empty page and under a new key.
import { Stack, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { modelsQuery } from '#api/queries.ts';
import { useText } from '#i18n/i18n.ts';
import { pickModel } from '#lib/pick-model.ts';
import { snippet } from '#lib/snippet.ts';
import { CodeBlock } from './code-block.tsx';

export interface FirstCallProps {
  /** Base of the gateway door. */
  gateway: string;
  /** The plaintext of a key that was just created; without it the reader puts in an own one. */
  apiKey?: string;
  /** Models that the key may call; none = every model. */
  allowed?: readonly string[];
}

export function FirstCall({ gateway, apiKey, allowed = [] }: FirstCallProps): ReactNode {
  const { t } = useText();
  const models = useQuery(modelsQuery);
  const model = pickModel(models.data?.data ?? [], allowed);
  const command = snippet('curl', { gateway, model, mode: 'chat', prompt: t('firstCall.prompt') });
  return (
    <Stack gap="xs">
      <Text size="xs" c="dimmed">
        {apiKey === undefined ? t('firstCall.key') : t('firstCall.paste')}
      </Text>
      <CodeBlock text={`export GENAI_API_KEY=${apiKey ?? 'sk-…'}\n\n${command}`} />
      {apiKey === undefined && (
        <Text size="xs" c="dimmed">
          {t('firstCall.demo')} <code>./genai demo</code>
        </Text>
      )}
    </Stack>
  );
}
