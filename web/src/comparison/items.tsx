// The items of the compared runs, one row each: what was asked and expected, what each run answered, and what was measured of it.
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useMemo, useState } from 'react';
import { previewText } from '#content/preview.ts';
import { useText } from '#i18n/i18n.ts';
import { useShortcuts } from '#lib/shortcuts.ts';
import { ErrorState } from '#ui/error-state.tsx';
import { MoreButton } from '#ui/more-button.tsx';
import styles from './comparison.module.css';
import { Difference, measureText, metricName } from './measure.tsx';
import { type Better, type ComparedItem, differenceOf } from './rows.ts';
import { contentsQuery, type ItemContent, type Run } from './use-comparison.ts';

/** Rows whose contents are fetched together: with five runs and one repetition each, one page of the API holds them twice over. */
const CHUNK = 10;
const SHOWN = 20;

interface Props {
  projectId: string;
  runs: readonly Run[];
  items: readonly ComparedItem[];
  metrics: readonly string[];
  betterOf: (metric: string) => Better;
  onOpen: (itemId: string) => void;
}

export function ComparedItems(props: Props): ReactNode {
  const { items, runs } = props;
  const { t } = useText();
  const [shown, setShown] = useState(SHOWN);
  const [active, setActive] = useState(0);
  const sight = items.slice(0, shown);
  const chunks = useMemo(() => Array.from({ length: Math.ceil(sight.length / CHUNK) }, (_, index) => sight.slice(index * CHUNK, (index + 1) * CHUNK)), [sight]);
  const move = (step: number) => (event: KeyboardEvent) => {
    event.preventDefault();
    const next = Math.max(0, Math.min(sight.length - 1, active + step));
    setActive(next);
    document.getElementById(`compared-${next}`)?.scrollIntoView({ block: 'nearest' });
  };
  const open = (event: KeyboardEvent) => {
    const item = sight[active];
    if (!item || (event.target as HTMLElement).closest('button, a')) return;
    event.preventDefault();
    props.onOpen(item.itemId);
  };
  useShortcuts({ j: move(1), k: move(-1), ArrowDown: move(1), ArrowUp: move(-1), Enter: open });
  return (
    <div className={styles.items}>
      <table className={styles.table} style={{ minWidth: 260 + runs.length * 220 }}>
        <thead>
          <tr>
            <th className={styles.itemColumn}>{t('comparison.item')}</th>
            {runs.map((run) => (
              <th key={run.id}>{run.name}</th>
            ))}
          </tr>
        </thead>
        <tbody>
          {chunks.map((chunk, index) => (
            <Chunk key={chunk[0]?.itemId} {...props} items={chunk} first={index * CHUNK} active={active} onActivate={setActive} />
          ))}
        </tbody>
      </table>
      <MoreButton left={items.length - shown} onMore={() => setShown(shown + SHOWN)} />
    </div>
  );
}

interface ChunkProps extends Props {
  first: number;
  active: number;
  onActivate: (index: number) => void;
}

function Chunk(props: ChunkProps): ReactNode {
  const { projectId, runs, items, first } = props;
  const query = useQuery(
    contentsQuery(
      projectId,
      runs.map((run) => run.id),
      items.map((item) => item.itemId),
    ),
  );
  if (query.error)
    return (
      <tr>
        <td colSpan={runs.length + 1}>
          <ErrorState error={query.error} onRetry={() => void query.refetch()} />
        </td>
      </tr>
    );
  return items.map((item, index) => (
    <ItemRow key={item.itemId} {...props} item={item} index={first + index} contents={query.data?.data.filter((one) => one.experimentItemId === item.itemId)} />
  ));
}

function ItemRow({ item, index, contents, ...props }: ChunkProps & { item: ComparedItem; index: number; contents: ItemContent[] | undefined }): ReactNode {
  const { t } = useText();
  return (
    <tr
      id={`compared-${index}`}
      aria-selected={index === props.active}
      className={styles.row}
      onClick={() => {
        props.onActivate(index);
        props.onOpen(item.itemId);
      }}
    >
      <td>
        {contents === undefined ? <Skeleton height={10} width="80%" /> : <Preview value={contents[0]?.input} side="input" />}
        <div className={styles.expected}>
          {t('comparison.expected')}: {contents === undefined ? '' : <Preview value={contents[0]?.expectedOutput} side="output" />}
        </div>
      </td>
      {props.runs.map((run, at) => (
        <td key={run.id}>
          {item.runs[at] === null || item.runs[at] === undefined ? (
            <span className="quiet">{t('comparison.notRun')}</span>
          ) : (
            <>
              <Output content={contents?.find((one) => one.experimentId === run.id)} loading={contents === undefined} />
              <Measures item={item} at={at} metrics={props.metrics} betterOf={props.betterOf} />
            </>
          )}
        </td>
      ))}
    </tr>
  );
}

function Output({ content, loading }: { content: ItemContent | undefined; loading: boolean }): ReactNode {
  if (loading) return <Skeleton height={10} width="70%" />;
  return (
    <div className={styles.output} data-level={content?.level}>
      <Preview value={content?.output} side="output" />
    </div>
  );
}

function Preview({ value, side }: { value: unknown; side: 'input' | 'output' }): ReactNode {
  const text = value === null || value === undefined ? null : previewText(JSON.stringify(value).slice(0, 2_000), side);
  return text === null ? <span className="quiet">–</span> : <span className={styles.clamped}>{text}</span>;
}

function Measures({ item, at, metrics, betterOf }: { item: ComparedItem; at: number; metrics: readonly string[]; betterOf: Props['betterOf'] }): ReactNode {
  const { t, language } = useText();
  const values = item.runs[at]?.values ?? {};
  return (
    <dl className={styles.measures}>
      {metrics
        .filter((metric) => Object.hasOwn(values, metric))
        .map((metric) => {
          const difference = differenceOf(item, at, metric);
          return (
            <div key={metric}>
              <dt>{metricName(metric, t)}</dt>
              <dd className="numeric">
                {measureText(metric, values[metric] as number, language)}{' '}
                {difference !== null && <Difference metric={metric} value={difference} better={betterOf(metric)} />}
              </dd>
            </div>
          );
        })}
    </dl>
  );
}
