// A dashboard open for changes: name, filters, tiles; nothing is kept until it is saved.
import '#mantine-later.css';
import type { ConsoleDashboard, ConsoleWidget } from '@genai/server/contract-metrics';
import { Button, Group, Select, TextInput } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useText } from '#i18n/i18n.ts';
import { ConditionLines } from '#metrics/condition-lines.tsx';
import { conditionsOf, linesOf } from '#metrics/conditions.ts';
import { Pair } from '#metrics/editor.tsx';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { DashboardGrid } from './dashboard-grid.tsx';
import styles from './dashboards.module.css';
import { addTile, type Tile } from './grid.ts';
import type { Look } from './tile-frame.tsx';
import { useDashboardChanges, widgetsQuery } from './use-dashboards.ts';
import { WidgetDialog } from './widget-dialog.tsx';

type Dialog = { widget: ConsoleWidget | null } | null;

export function DashboardEditor({ dashboard, look, onDone }: { dashboard: ConsoleDashboard; look: Look; onDone: () => void }): ReactNode {
  const { t } = useText();
  const { projectId, options } = look;
  const { changeDashboard } = useDashboardChanges(projectId);
  const columns = [...new Map((options?.views ?? []).flatMap(({ filters }) => filters).map((one) => [one.column, one])).values()];
  const holdsOf = (column: string) => columns.find((one) => one.column === column)?.holds;
  const [tiles, setTiles] = useState<Tile[]>(dashboard.definition.widgets);
  const [name, setName] = useState(dashboard.name);
  const [description, setDescription] = useState(dashboard.description);
  const [changedLines, setLines] = useState<ReturnType<typeof linesOf>['lines'] | null>(null);
  const [dialog, setDialog] = useState<Dialog>(null);
  const stored = linesOf(dashboard.filters, holdsOf);
  const lines = changedLines ?? stored.lines;
  const filters = [...conditionsOf(lines, holdsOf), ...stored.others];
  const save = () =>
    changeDashboard.mutate({ id: dashboard.id, body: { name: name.trim(), description, definition: { widgets: tiles }, filters } }, { onSuccess: onDone });
  const add = (widget: ConsoleWidget) => setTiles((now) => addTile(now, { id: newTileId(), widgetId: widget.id, chartType: widget.chartType }));
  return (
    <>
      <div className={styles.edit}>
        <Pair>
          <TextInput
            label={t('dashboards.name')}
            value={name}
            error={name.trim() === '' ? t('dashboards.fault.name') : null}
            onChange={(event) => setName(event.currentTarget.value)}
          />
          <TextInput label={t('dashboards.description')} value={description} onChange={(event) => setDescription(event.currentTarget.value)} />
        </Pair>
        <ConditionLines columns={columns} lines={lines} others={stored.others} onChange={setLines} />
        {changeDashboard.error && <ErrorState error={changeDashboard.error} />}
        <Group justify="space-between">
          <Group gap="xs">
            <Button variant="default" leftSection={<IconPlus size={14} />} onClick={() => setDialog({ widget: null })}>
              {t('dashboards.newWidget')}
            </Button>
            <Existing projectId={projectId} onChoose={add} />
          </Group>
          <Group gap="xs">
            <Button variant="default" onClick={onDone}>
              {t('common.cancel')}
            </Button>
            <Button loading={changeDashboard.isPending} disabled={name.trim() === ''} onClick={save}>
              {t('common.save')}
            </Button>
          </Group>
        </Group>
        <span className="quiet">{t('dashboards.keys')}</span>
      </div>
      {tiles.length === 0 ? (
        <EmptyState title={t('dashboards.emptyOne')} hint={t('dashboards.emptyEditHint')} />
      ) : (
        <DashboardGrid
          tiles={tiles}
          look={{ ...look, further: [...filters, ...look.further], refreshMs: false }}
          onTiles={setTiles}
          onEdit={(widget) => setDialog({ widget })}
        />
      )}
      <WidgetDialog
        projectId={projectId}
        opened={dialog !== null}
        widget={dialog?.widget ?? null}
        range={look.range}
        onClose={() => setDialog(null)}
        onSaved={(widget) => {
          if (dialog?.widget === null) add(widget);
          setDialog(null);
        }}
      />
    </>
  );
}

function newTileId(): string {
  return `tile-${Array.from(crypto.getRandomValues(new Uint8Array(8)), (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

/** Widgets that the project has already. */
function Existing({ projectId, onChoose }: { projectId: string; onChoose: (widget: ConsoleWidget) => void }): ReactNode {
  const { t } = useText();
  const widgets = useQuery(widgetsQuery(projectId)).data ?? [];
  return (
    <Select
      w={220}
      searchable
      aria-label={t('dashboards.existingWidget')}
      placeholder={t('dashboards.existingWidget')}
      disabled={widgets.length === 0}
      value={null}
      data={widgets.map(({ id, name }) => ({ value: id, label: name }))}
      onChange={(id) => {
        const widget = widgets.find((one) => one.id === id);
        if (widget) onChoose(widget);
      }}
    />
  );
}
