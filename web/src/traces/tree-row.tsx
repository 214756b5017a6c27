// One row of the trace: branch lines, what it is, its figures, and its bar on the timeline.
import {
  IconAlertCircle,
  IconAlertTriangle,
  IconArrowsSplit2,
  IconBinaryTree2,
  IconChevronRight,
  IconCircleDot,
  IconDatabaseSearch,
  IconGauge,
  IconMessage2Bolt,
  IconPointFilled,
  IconRobot,
  IconShieldCheck,
  IconTool,
  IconVector,
} from '@tabler/icons-react';
import type { ComponentType, ReactNode } from 'react';
import { useText } from '#i18n/i18n.ts';
import { formatCompact, formatDuration, formatMoney } from '#lib/format.ts';
import type { TraceRow } from './rows.ts';
import styles from './trace-tree.module.css';

type Icon = ComponentType<{ size?: number; className?: string | undefined; 'aria-label'?: string }>;

/** Langfuse's observation types; anything else gets the dot of a span. */
const ICONS: Readonly<Record<string, Icon>> = {
  GENERATION: IconMessage2Bolt,
  SPAN: IconCircleDot,
  EVENT: IconPointFilled,
  AGENT: IconRobot,
  TOOL: IconTool,
  CHAIN: IconArrowsSplit2,
  RETRIEVER: IconDatabaseSearch,
  EVALUATOR: IconGauge,
  EMBEDDING: IconVector,
  GUARDRAIL: IconShieldCheck,
};

export interface TreeRowProps {
  row: TraceRow;
  traceName: string;
  selected: boolean;
  collapsed: boolean;
  onSelect: () => void;
  onToggle: () => void;
}

export function TreeRow({ row, traceName, selected, collapsed, onSelect, onToggle }: TreeRowProps): ReactNode {
  const { observation } = row;
  const type = observation?.type.toUpperCase() ?? 'TRACE';
  const NodeIcon = observation ? (ICONS[type] ?? IconCircleDot) : IconBinaryTree2;
  const name = observation ? (observation.name ?? observation.type) : traceName;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the tree around it handles the arrow keys (aria-activedescendant).
    <div
      id={`node-${row.id}`}
      role="treeitem"
      tabIndex={-1}
      aria-selected={selected}
      aria-level={row.depth + 1}
      {...(row.children > 0 ? { 'aria-expanded': !collapsed } : {})}
      className={styles.row}
      onClick={onSelect}
      onDoubleClick={row.children > 0 ? onToggle : undefined}
    >
      <div className={styles.name}>
        <Guides row={row} />
        <Toggle row={row} collapsed={collapsed} onToggle={onToggle} />
        <span className={styles.icon} data-type={type} title={type}>
          <NodeIcon size={14} />
        </span>
        <div className={styles.text}>
          <span className={styles.title} title={name}>
            {name}
            <Flags row={row} collapsed={collapsed} />
          </span>
          <Figures row={row} />
        </div>
      </div>
      <Bar row={row} type={type} />
    </div>
  );
}

function Guides({ row }: { row: TraceRow }): ReactNode {
  if (row.depth === 0) return null;
  return row.guides.map((goesOn, level) => {
    const own = level === row.guides.length - 1;
    // biome-ignore lint/suspicious/noArrayIndexKey: the level is the identity of a branch line.
    return <span key={level} className={styles.guide} data-line={own ? (goesOn ? 'fork' : 'end') : goesOn ? 'pass' : 'none'} aria-hidden />;
  });
}

function Toggle({ row, collapsed, onToggle }: { row: TraceRow; collapsed: boolean; onToggle: () => void }): ReactNode {
  const { t } = useText();
  if (row.children === 0) return <span className={styles.toggle} />;
  return (
    <button
      type="button"
      tabIndex={-1}
      className={styles.toggle}
      aria-label={collapsed ? t('traces.expand') : t('traces.collapse')}
      onClick={(event) => {
        event.stopPropagation();
        onToggle();
      }}
    >
      <IconChevronRight size={13} className={collapsed ? undefined : styles.opened} />
    </button>
  );
}

function Flags({ row, collapsed }: { row: TraceRow; collapsed: boolean }): ReactNode {
  const { t } = useText();
  const level = row.observation?.level;
  return (
    <>
      {level === 'ERROR' && <IconAlertCircle size={14} className={styles.error} aria-label="ERROR" />}
      {level === 'WARNING' && <IconAlertTriangle size={14} className={styles.warning} aria-label="WARNING" />}
      {collapsed && (
        <span className={styles.hidden}>
          +{row.descendants}
          {row.errors > (level === 'ERROR' ? 1 : 0) ? ` · ${t('traces.errorCount', { count: row.errors })}` : ''}
        </span>
      )}
    </>
  );
}

function Figures({ row }: { row: TraceRow }): ReactNode {
  const { t, language } = useText();
  const parts = [row.durationMs === null ? t('traces.running') : formatDuration(row.durationMs)];
  if (row.tokens > 0) parts.push(t('traces.tokenCount', { count: formatCompact(row.tokens, language) }));
  const money = formatMoney(row.cost, 'USD', language);
  if (row.observation?.costCountedElsewhere) parts.push(t('traces.countedElsewhereShort'));
  else if (money !== null) parts.push(money);
  else if (row.tokens > 0 && row.observation !== null) parts.push(t('traces.costUnknown'));
  if (row.observation?.model) parts.push(row.observation.model);
  return <span className={styles.figures}>{parts.join(' · ')}</span>;
}

function Bar({ row, type }: { row: TraceRow; type: string }): ReactNode {
  const left = Math.max(0, Math.min(99.4, row.leftPercent));
  const firstToken = row.observation?.firstTokenMs ?? null;
  const share = firstToken !== null && row.durationMs ? Math.min(100, (firstToken / row.durationMs) * 100) : null;
  return (
    <div className={styles.lane} aria-hidden>
      <div
        className={styles.bar}
        data-type={row.observation?.level === 'ERROR' ? 'ERROR' : type}
        style={{ left: `${left}%`, width: `max(3px, ${Math.min(100 - left, row.widthPercent)}%)` }}
      >
        {share !== null && <span className={styles.waiting} style={{ width: `${share}%` }} />}
      </div>
    </div>
  );
}
