// The list of a project's LLM connections.
import '#mantine-later.css';
import type { ConsoleLlmConnection } from '@genai/server/contract';
import { Badge, Button, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { ConnectionDialog, TryDialog } from './connection-dialog.tsx';
import { ASKABLE, GATEWAY_PROVIDER } from './connection-values.ts';
import { connectionsQuery, useConnectionChanges } from './use-connections.ts';

type Dialog = { kind: 'edit'; row: ConsoleLlmConnection | null } | { kind: 'try'; row: ConsoleLlmConnection } | null;

export function ConnectionsTab({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const query = useQuery(connectionsQuery(projectId));
  const { remove } = useConnectionChanges(projectId);
  const [dialog, setDialog] = useState<Dialog>(null);
  const mayChange = useMayChange(projectId);
  const own = (query.data?.data ?? []).filter((row) => row.provider !== GATEWAY_PROVIDER);
  const gateway = query.data?.data.find((row) => row.provider === GATEWAY_PROVIDER);
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={640}>
          {t('connections.intro')}
        </Text>
        {mayChange && (
          <Button leftSection={<IconPlus size={14} />} onClick={() => setDialog({ kind: 'edit', row: null })}>
            {t('connections.create')}
          </Button>
        )}
      </Group>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {remove.error && <ErrorState error={remove.error} />}
      {query.isPending && <Skeleton height={120} radius="md" />}
      {query.data && (
        <Table.ScrollContainer minWidth={640}>
          <Table verticalSpacing={7}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('connections.name')}</Table.Th>
                <Table.Th>{t('connections.adapter')}</Table.Th>
                <Table.Th>{t('connections.address')}</Table.Th>
                <Table.Th>{t('connections.models')}</Table.Th>
                <Table.Th>{t('connections.secret')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              <Table.Tr>
                <Table.Td>
                  <Group gap="xs" wrap="nowrap">
                    {GATEWAY_PROVIDER}
                    <Badge color="teal">{t('connections.builtIn')}</Badge>
                  </Group>
                </Table.Td>
                <Table.Td>openai</Table.Td>
                <Table.Td className="quiet">{t('connections.gatewayAddress')}</Table.Td>
                <Table.Td className="quiet">{t('connections.gatewayModels')}</Table.Td>
                <Table.Td className="quiet">{gateway?.displaySecretKey ?? t('connections.gatewayKey')}</Table.Td>
                <Table.Td />
              </Table.Tr>
              {own.map((row) => (
                <Table.Tr key={row.id}>
                  <Table.Td>{row.provider}</Table.Td>
                  <Table.Td>{row.adapter}</Table.Td>
                  <Table.Td>{row.baseURL ?? <span className="quiet">{t('connections.ownAddress')}</span>}</Table.Td>
                  <Table.Td>{row.customModels.join(', ') || <span className="quiet">–</span>}</Table.Td>
                  <Table.Td className="quiet">{row.displaySecretKey}</Table.Td>
                  <Table.Td>
                    {mayChange && (
                      <Group gap={4} wrap="nowrap" justify="flex-end">
                        {(ASKABLE as readonly string[]).includes(row.adapter) && (
                          <Button variant="subtle" onClick={() => setDialog({ kind: 'try', row })}>
                            {t('connections.try')}
                          </Button>
                        )}
                        <Button variant="subtle" onClick={() => setDialog({ kind: 'edit', row })}>
                          {t('connections.edit')}
                        </Button>
                        <Button variant="subtle" color="red" loading={remove.isPending && remove.variables === row.id} onClick={() => remove.mutate(row.id)}>
                          {t('connections.delete')}
                        </Button>
                      </Group>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <ConnectionDialog
        projectId={projectId}
        opened={dialog?.kind === 'edit'}
        row={dialog?.kind === 'edit' ? dialog.row : null}
        onClose={() => setDialog(null)}
      />
      <TryDialog projectId={projectId} row={dialog?.kind === 'try' ? dialog.row : null} onClose={() => setDialog(null)} />
    </Stack>
  );
}
