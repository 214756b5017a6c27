// The widgets of a project, wherever they stand: changed for all dashboards at once, deleted when they stand on none.
import '#mantine-later.css';
import type { ConsoleWidget } from '@genai/server/contract-metrics';
import { Button, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { useMayChange } from '#lib/session.tsx';
import { useMetricTexts } from '#metrics/use-metric-texts.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { Instant } from '#ui/instant.tsx';
import { useDashboardChanges, widgetsQuery } from './use-dashboards.ts';
import { WidgetDialog } from './widget-dialog.tsx';
import { CHARTS } from './widget-values.ts';

export function WidgetsTab({ projectId }: { projectId: string }): ReactNode {
  const { t } = useText();
  const query = useQuery(widgetsQuery(projectId));
  const { deleteWidget } = useDashboardChanges(projectId);
  const [dialog, setDialog] = useState<{ widget: ConsoleWidget | null } | null>(null);
  const mayChange = useMayChange(projectId);
  const widgets = query.data ?? [];
  const create = mayChange && (
    <Button leftSection={<IconPlus size={14} />} onClick={() => setDialog({ widget: null })}>
      {t('dashboards.newWidget')}
    </Button>
  );
  return (
    <Stack gap="sm">
      <Group justify="space-between">
        <Text size="sm" c="dimmed" maw={720}>
          {t('dashboards.widgetsIntro')}
        </Text>
        {widgets.length > 0 && create}
      </Group>
      {query.error && <ErrorState error={query.error} onRetry={() => void query.refetch()} />}
      {deleteWidget.error && <ErrorState error={deleteWidget.error} />}
      {query.isPending && <Skeleton height={120} radius="md" />}
      {query.data && widgets.length === 0 && (
        <EmptyState title={t('dashboards.noWidgets')} hint={t('dashboards.noWidgetsHint')}>
          <div style={{ textAlign: 'center' }}>{create}</div>
        </EmptyState>
      )}
      {widgets.length > 0 && (
        <Table.ScrollContainer minWidth={620}>
          <Table verticalSpacing={7}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th>{t('dashboards.name')}</Table.Th>
                <Table.Th>{t('dashboards.chart')}</Table.Th>
                <Table.Th>{t('dashboards.measure')}</Table.Th>
                <Table.Th>{t('dashboards.changed')}</Table.Th>
                <Table.Th />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {widgets.map((widget) => (
                <Line
                  key={widget.id}
                  widget={widget}
                  mayChange={mayChange}
                  onEdit={() => setDialog({ widget })}
                  onDelete={() => deleteWidget.mutate(widget.id)}
                />
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      <WidgetDialog
        projectId={projectId}
        opened={dialog !== null}
        widget={dialog?.widget ?? null}
        range={{ kind: 'window', name: '7d' }}
        onClose={() => setDialog(null)}
        onSaved={() => setDialog(null)}
      />
    </Stack>
  );
}

function Line({ widget, mayChange, onEdit, onDelete }: { widget: ConsoleWidget; mayChange: boolean; onEdit: () => void; onDelete: () => void }): ReactNode {
  const { t } = useText();
  const { metricName } = useMetricTexts();
  const chart = CHARTS.find((one) => one === widget.chartType);
  return (
    <Table.Tr>
      <Table.Td>{widget.name}</Table.Td>
      <Table.Td>{chart ? t(`dashboards.chart.${chart}`) : widget.chartType}</Table.Td>
      <Table.Td>{widget.metrics.map(metricName).join(', ')}</Table.Td>
      <Table.Td>
        <Instant at={widget.updatedAt} />
      </Table.Td>
      <Table.Td>
        {mayChange && (
          <Group gap={4} wrap="nowrap" justify="flex-end">
            <Button variant="subtle" aria-label={t('dashboards.editWidget', { name: widget.name })} onClick={onEdit}>
              {t('dashboards.edit')}
            </Button>
            <Button variant="subtle" color="red" aria-label={t('dashboards.deleteOf', { name: widget.name })} onClick={onDelete}>
              {t('dashboards.delete')}
            </Button>
          </Group>
        )}
      </Table.Td>
    </Table.Tr>
  );
}
