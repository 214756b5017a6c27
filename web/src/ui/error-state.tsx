// What went wrong in the server's own words, and a way to try again.
import { Alert, Button, Group, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ApiError } from '#api/client.ts';
import { type Translate, useText } from '#i18n/i18n.ts';

/** The sentence to show: the server's message, else one that says what to do about the status. */
function errorMessage(error: unknown, t: Translate): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error);
  if (error.status === 0) return t('error.unreachable');
  if (error.message) return error.message;
  if (error.status === 403) return t('error.forbidden');
  if (error.status === 404) return t('error.notFound');
  if (error.status === 503) return t('error.unavailable');
  return t('error.status', { status: error.status });
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }): ReactNode {
  const { t } = useText();
  const code = error instanceof ApiError && error.status > 0 ? [...new Set([String(error.status), error.code])].join(' · ') : null;
  return (
    <Alert color="red" variant="light" icon={<IconAlertTriangle size={18} />} title={t('error.title')} role="alert">
      <Text size="sm">{errorMessage(error, t)}</Text>
      <Group gap="sm" mt="xs">
        {onRetry && (
          <Button size="compact-xs" variant="default" onClick={onRetry}>
            {t('common.retry')}
          </Button>
        )}
        {code && (
          <Text size="xs" c="dimmed" className="numeric">
            {code}
          </Text>
        )}
      </Group>
    </Alert>
  );
}
