// Observations as they arrive: watched through one connection, filtered as the lists are, paused and taken up again.
import '#mantine-later.css';
import type { ConsoleTailRow, FilterCondition } from '@genai/server/contract';
import { ActionIcon, Badge, Button, Group, Kbd, Popover, Text, Tooltip } from '@mantine/core';
import { IconFilter, IconPlayerPause, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { getRouteApi } from '@tanstack/react-router';
import { type ReactNode, useEffect, useMemo, useState } from 'react';
import { previewText } from '#content/preview.ts';
import { useText } from '#i18n/i18n.ts';
import { conditionsOf, type FilterLine, linesOf } from '#lib/filter-lines.ts';
import { formatCount, formatDuration } from '#lib/format.ts';
import { shownColumns } from '#lib/list-view.ts';
import { useProjectId } from '#lib/session.tsx';
import { useShortcuts } from '#lib/shortcuts.ts';
import { EmptyState } from '#ui/empty-state.tsx';
import { ErrorState } from '#ui/error-state.tsx';
import { FilterLines } from '#ui/filter-lines.tsx';
import { Instant } from '#ui/instant.tsx';
import { Money } from '#ui/money.tsx';
import { Page } from '#ui/page.tsx';
import { ProjectPicker } from '#ui/project-picker.tsx';
import { SearchInput } from '#ui/search-input.tsx';
import { ViewTools } from '#ui/view-tools.tsx';
import { type Column, VirtualTable } from '#ui/virtual-table.tsx';
import type { Line } from './lines.ts';
import type { LiveSearch } from './url.ts';
import { type Connection, type LiveTail, useLiveTail } from './use-live-tail.ts';

const route = getRouteApi('/console/ui/live');
/** Columns that the page offers; a link may name every column of the API. */
const COLUMNS = ['type', 'name', 'level', 'model', 'environment', 'traceName', 'userId', 'sessionId', 'tags', 'traceId'];

export function LivePage(): ReactNode {
  const { t } = useText();
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [paused, setPaused] = useState(false);
  const [active, setActive] = useState<string | null>(null);
  const projectId = useProjectId(search.project);
  const conditions = useMemo(() => readConditions(search.filter), [search.filter]);
  const filter = useMemo(() => filterOf(conditions, search.search), [conditions, search.search]);
  const live = useLiveTail(projectId ?? '', filter, paused);
  const columns = useColumns();
  useShortcuts({ p: () => setPaused(!paused), x: live.clear });
  const update = (change: Partial<LiveSearch>) => void navigate({ search: (old) => ({ ...old, ...change }) as LiveSearch, replace: true });
  const open = (line: Line) => {
    if (line.kind === 'row')
      void navigate({
        to: '/project/$projectId/traces/$traceId',
        params: { projectId: projectId as string, traceId: line.row.traceId },
        search: { observation: line.row.id },
      });
  };
  const tools = (
    <>
      <ProjectPicker value={projectId} onChange={(project) => update({ project })} />
      {projectId !== null && (
        <ViewTools
          projectId={projectId}
          columns={columns}
          views={{ list: 'observations', search: { ...search }, replace: (next) => void navigate({ search: next as LiveSearch, replace: true }) }}
        />
      )}
      <Tooltip label={t('live.clear')}>
        <ActionIcon variant="default" size={30} aria-label={t('live.clear')} onClick={live.clear}>
          <IconTrash size={15} />
        </ActionIcon>
      </Tooltip>
      <Button
        variant={paused ? 'filled' : 'default'}
        leftSection={paused ? <IconPlayerPlay size={14} /> : <IconPlayerPause size={14} />}
        rightSection={<Kbd size="xs">p</Kbd>}
        onClick={() => setPaused(!paused)}
      >
        {t(paused ? 'live.resume' : 'live.pause')}
      </Button>
    </>
  );
  return (
    <Page
      title={t('nav.live')}
      aside={<State live={live} paused={paused} />}
      tools={tools}
      filters={<Filters search={search} conditions={conditions} update={update} />}
      fill
    >
      <Figures live={live} />
      {live.error && <ErrorState error={live.error} />}
      {projectId === null && <EmptyState title={t('overview.noProject')} hint={t('overview.noProjectHint')} />}
      {projectId !== null && live.tail.lines.length === 0 && !live.error && <EmptyState title={t('live.empty')} hint={t('live.emptyHint')} />}
      {live.tail.lines.length > 0 && (
        <VirtualTable
          label={t('nav.live')}
          columns={shownColumns(columns, search.hide)}
          rows={live.tail.lines}
          rowKey={(line) => line.key}
          activeKey={active}
          onActivate={(line) => setActive(line.key)}
          onOpen={open}
        />
      )}
    </Page>
  );
}

function readConditions(text: string | undefined): FilterCondition[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? (value as FilterCondition[]) : [];
  } catch {
    return [];
  }
}

function filterOf(conditions: readonly FilterCondition[], words: string | undefined): string {
  const all = [...conditions, ...(words ? [{ type: 'string', column: 'content', operator: 'matches', value: words }] : [])];
  return all.length === 0 ? '' : JSON.stringify(all);
}

function sameConditions(one: readonly FilterLine[], other: readonly FilterLine[]): boolean {
  return JSON.stringify(conditionsOf(one)) === JSON.stringify(conditionsOf(other));
}

interface FiltersProps {
  search: LiveSearch;
  conditions: readonly FilterCondition[];
  update: (change: Partial<LiveSearch>) => void;
}

function Filters({ search, conditions, update }: FiltersProps): ReactNode {
  const { t } = useText();
  const shown = useMemo(() => linesOf(conditions), [conditions]);
  const [lines, setLines] = useState<FilterLine[]>(shown.lines);
  // A view that was opened brings other lines; what is being typed stays.
  useEffect(() => setLines((now) => (sameConditions(now, shown.lines) ? now : shown.lines)), [shown]);
  const apply = (next: FilterLine[]) => {
    setLines(next);
    const all = [...conditionsOf(next), ...shown.others];
    update({ filter: all.length === 0 ? '' : JSON.stringify(all) });
  };
  return (
    <>
      <SearchInput value={search.search ?? ''} placeholder={t('live.search')} onChange={(value) => update({ search: value })} />
      <Popover position="bottom-start" shadow="md" width={480}>
        <Popover.Target>
          <Button variant="default" leftSection={<IconFilter size={14} />}>
            {t('live.filter')} {conditions.length > 0 && `(${conditions.length})`}
          </Button>
        </Popover.Target>
        <Popover.Dropdown>
          <FilterLines columns={COLUMNS} lines={lines} onChange={apply} />
        </Popover.Dropdown>
      </Popover>
    </>
  );
}

const COLOURS: Readonly<Record<Connection, string>> = { connecting: 'gray', live: 'teal', broken: 'red' };

function State({ live, paused }: { live: LiveTail; paused: boolean }): ReactNode {
  const { t, language } = useText();
  return (
    <Group gap={6} role="status">
      <Badge color={COLOURS[live.connection]}>{t(`live.state.${live.connection}`)}</Badge>
      {paused && <Badge color="yellow">{t('live.held', { count: formatCount(live.held, language) })}</Badge>}
    </Group>
  );
}

function Figures({ live }: { live: LiveTail }): ReactNode {
  const { t, language } = useText();
  const { tail } = live;
  return (
    <Group gap="md" className="quiet numeric">
      <Text size="sm">
        {t('live.rate', { rate: tail.rate === null ? '–' : new Intl.NumberFormat(language, { maximumFractionDigits: 1 }).format(tail.rate) })}
      </Text>
      <Text size="sm">{t('live.shown', { count: formatCount(tail.lines.length, language) })}</Text>
      {tail.left > 0 && <Text size="sm">{t('live.left', { count: formatCount(tail.left, language) })}</Text>}
      {tail.dropped > 0 && (
        <Text size="sm" c="red">
          {t('live.dropped', { count: formatCount(tail.dropped, language) })}
        </Text>
      )}
    </Group>
  );
}

function useColumns(): Column<Line>[] {
  const { t, language } = useText();
  const ofRow = (render: (row: ConsoleTailRow) => ReactNode) => (line: Line) => (line.kind === 'row' ? render(line.row) : null);
  return [
    { id: 'time', header: t('common.time'), width: '128px', render: (line) => <Instant at={line.kind === 'row' ? line.row.startTime : line.at} /> },
    { id: 'type', header: t('annotation.type'), width: '104px', minTableWidth: 560, render: ofRow((row) => <Badge color="gray">{row.type}</Badge>) },
    { id: 'name', header: t('traces.name'), width: 'minmax(110px, 1fr)', render: (line) => (line.kind === 'gap' ? <Gap /> : <Name row={line.row} />) },
    { id: 'content', header: t('live.content'), width: 'minmax(140px, 2.4fr)', minTableWidth: 700, render: ofRow((row) => <Preview row={row} />) },
    {
      id: 'model',
      header: t('common.model'),
      width: 'minmax(80px, 0.8fr)',
      minTableWidth: 900,
      render: ofRow((row) => row.model ?? <span className="quiet">–</span>),
    },
    {
      id: 'user',
      header: t('traces.user'),
      width: 'minmax(70px, 0.6fr)',
      minTableWidth: 1_050,
      render: ofRow((row) => row.userId ?? <span className="quiet">–</span>),
    },
    {
      id: 'latency',
      header: t('overview.latency'),
      width: '80px',
      align: 'end',
      render: ofRow((row) => (row.latencyMs === null ? <span className="quiet">{t('traces.running')}</span> : formatDuration(row.latencyMs))),
    },
    {
      id: 'tokens',
      header: t('overview.tokens'),
      width: '70px',
      align: 'end',
      minTableWidth: 640,
      render: ofRow((row) => formatCount(row.totalTokens, language)),
    },
    {
      id: 'cost',
      header: t('overview.cost'),
      width: '90px',
      align: 'end',
      minTableWidth: 800,
      render: ofRow((row) => (row.totalCost === null && row.totalTokens === 0 ? <span className="quiet">–</span> : <Money value={row.totalCost} />)),
    },
  ];
}

function Gap(): ReactNode {
  const { t } = useText();
  return <Badge color="yellow">{t('live.gap')}</Badge>;
}

function Name({ row }: { row: ConsoleTailRow }): ReactNode {
  return (
    <span className="truncate" title={row.statusMessage ?? row.name ?? row.id}>
      {(row.level === 'ERROR' || row.level === 'WARNING') && (
        <>
          <Badge color={row.level === 'ERROR' ? 'red' : 'yellow'}>{row.level}</Badge>{' '}
        </>
      )}
      {row.name ?? row.id}
    </span>
  );
}

function Preview({ row }: { row: ConsoleTailRow }): ReactNode {
  const text = row.output === null ? previewText(row.input, 'input') : previewText(row.output, 'output');
  return text === null ? <span className="quiet">–</span> : <span title={text}>{text}</span>;
}
