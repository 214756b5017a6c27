// The dashboards that come with the platform, as data in English and Japanese. Nobody can change them; a clone is a project's own.
import type { FilterCondition } from '#observe/filter/filter.ts';
import type { WidgetQuery } from './chart-rules.ts';
import type { ChartType, Placement } from './schema.ts';

export type Language = 'en' | 'ja';
type Texts = Readonly<Record<Language, string>>;

export interface CuratedWidget extends WidgetQuery {
  id: string;
  names: Texts;
}

export interface CuratedDashboard {
  id: string;
  names: Texts;
  descriptions: Texts;
  placements: readonly Placement[];
  filters: readonly FilterCondition[];
}

/** Widgets of the release are as old as it is. */
export const CURATED_AT = new Date('2026-11-26T00:00:00Z');

type Agg = WidgetQuery['metrics'][number]['agg'];
type Part = Partial<Pick<WidgetQuery, 'view' | 'filters'>> & { by?: readonly string[]; rows?: number; bins?: number };

const GENERATIONS: FilterCondition[] = [{ type: 'stringOptions', column: 'type', operator: 'any of', value: ['GENERATION'] }];
const calls: Part = { filters: GENERATIONS };

function widget({ id, ...names }: Texts & { id: string }, chartType: ChartType, metrics: readonly (readonly [string, Agg])[], part: Part = {}): CuratedWidget {
  const { view = 'observations', filters = [], by = [], rows, bins } = part;
  return {
    id: `curated-${id}`,
    names,
    view,
    dimensions: by.map((field) => ({ field })),
    metrics: metrics.map(([measure, agg]) => ({ measure, agg })),
    filters,
    chartType,
    chartConfig: { type: chartType, ...(rows === undefined ? {} : { row_limit: rows }), ...(bins === undefined ? {} : { bins }) },
  };
}

const COST: CuratedWidget[] = [
  widget({ id: 'cost-total', en: 'Total cost', ja: '総コスト' }, 'NUMBER', [['totalCost', 'sum']]),
  widget({ id: 'cost-input', en: 'Cost of input', ja: '入力のコスト' }, 'NUMBER', [['inputCost', 'sum']]),
  widget({ id: 'cost-output', en: 'Cost of output', ja: '出力のコスト' }, 'NUMBER', [['outputCost', 'sum']]),
  widget({ id: 'cost-call', en: 'Average cost of a model call', ja: 'モデル呼び出し 1 回の平均コスト' }, 'NUMBER', [['totalCost', 'avg']], calls),
  widget({ id: 'cost-time', en: 'Cost by model over time', ja: 'モデル別コストの推移' }, 'BAR_TIME_SERIES', [['totalCost', 'sum']], {
    ...calls,
    by: ['providedModelName'],
  }),
  widget({ id: 'cost-model', en: 'Cost by model', ja: 'モデル別コスト' }, 'HORIZONTAL_BAR', [['totalCost', 'sum']], {
    ...calls,
    by: ['providedModelName'],
    rows: 10,
  }),
  widget({ id: 'cost-user', en: 'Cost by user', ja: 'ユーザー別コスト' }, 'HORIZONTAL_BAR', [['totalCost', 'sum']], { ...calls, by: ['userId'], rows: 10 }),
  widget({ id: 'cost-trace', en: 'Cost by trace name', ja: 'トレース名別コスト' }, 'HORIZONTAL_BAR', [['totalCost', 'sum']], {
    ...calls,
    by: ['traceName'],
    rows: 10,
  }),
  widget({ id: 'cost-environment', en: 'Cost by environment', ja: '環境別コスト' }, 'PIE', [['totalCost', 'sum']], { ...calls, by: ['environment'], rows: 8 }),
  widget(
    { id: 'cost-table', en: 'Models in detail', ja: 'モデルの内訳' },
    'PIVOT_TABLE',
    [
      ['count', 'count'],
      ['inputTokens', 'sum'],
      ['outputTokens', 'sum'],
      ['totalCost', 'sum'],
    ],
    { ...calls, by: ['providedModelName', 'environment'], rows: 50 },
  ),
];

const LATENCY: CuratedWidget[] = [
  widget({ id: 'latency-p50', en: 'Model calls, p50', ja: 'モデル呼び出し p50' }, 'NUMBER', [['latency', 'p50']], calls),
  widget({ id: 'latency-p95', en: 'Model calls, p95', ja: 'モデル呼び出し p95' }, 'NUMBER', [['latency', 'p95']], calls),
  widget({ id: 'latency-first', en: 'First token, p95', ja: '最初のトークンまで p95' }, 'NUMBER', [['timeToFirstToken', 'p95']], calls),
  widget({ id: 'latency-speed', en: 'Output tokens a second, p50', ja: '出力トークン/秒 p50' }, 'NUMBER', [['outputTokensPerSecond', 'p50']], calls),
  widget({ id: 'latency-time', en: 'p95 by model over time', ja: 'モデル別 p95 の推移' }, 'LINE_TIME_SERIES', [['latency', 'p95']], {
    ...calls,
    by: ['providedModelName'],
  }),
  widget(
    { id: 'latency-first-time', en: 'First token, p95 by model over time', ja: '最初のトークンまで p95 の推移(モデル別)' },
    'LINE_TIME_SERIES',
    [['timeToFirstToken', 'p95']],
    {
      ...calls,
      by: ['providedModelName'],
    },
  ),
  widget({ id: 'latency-histogram', en: 'How long model calls take', ja: 'モデル呼び出し時間の分布' }, 'HISTOGRAM', [['latency', 'histogram']], {
    ...calls,
    bins: 20,
  }),
  widget({ id: 'latency-trace', en: 'p95 by trace name', ja: 'トレース名別 p95' }, 'HORIZONTAL_BAR', [['latency', 'p95']], { by: ['traceName'], rows: 10 }),
  widget(
    { id: 'latency-table', en: 'Models in detail', ja: 'モデルの内訳' },
    'PIVOT_TABLE',
    [
      ['count', 'count'],
      ['latency', 'p50'],
      ['latency', 'p95'],
      ['latency', 'p99'],
      ['timeToFirstToken', 'p95'],
    ],
    { ...calls, by: ['providedModelName'], rows: 50 },
  ),
];

const USAGE: CuratedWidget[] = [
  widget({ id: 'usage-traces', en: 'Traces', ja: 'トレース' }, 'NUMBER', [['traceId', 'uniq']]),
  widget({ id: 'usage-calls', en: 'Model calls', ja: 'モデル呼び出し' }, 'NUMBER', [['count', 'count']], calls),
  widget({ id: 'usage-users', en: 'Users', ja: 'ユーザー' }, 'NUMBER', [['uniqueUserIds', 'uniq']]),
  widget({ id: 'usage-tokens', en: 'Tokens', ja: 'トークン' }, 'NUMBER', [['totalTokens', 'sum']]),
  widget({ id: 'usage-level', en: 'Model calls by level over time', ja: 'レベル別モデル呼び出しの推移' }, 'BAR_TIME_SERIES', [['count', 'count']], {
    ...calls,
    by: ['level'],
  }),
  widget({ id: 'usage-tokens-time', en: 'Tokens by model over time', ja: 'モデル別トークンの推移' }, 'AREA_TIME_SERIES', [['totalTokens', 'sum']], {
    ...calls,
    by: ['providedModelName'],
  }),
  widget({ id: 'usage-model', en: 'Model calls by model', ja: 'モデル別の呼び出し' }, 'PIE', [['count', 'count']], {
    ...calls,
    by: ['providedModelName'],
    rows: 8,
  }),
  widget({ id: 'usage-environment', en: 'Model calls by environment', ja: '環境別の呼び出し' }, 'VERTICAL_BAR', [['count', 'count']], {
    ...calls,
    by: ['environment'],
    rows: 10,
  }),
  widget({ id: 'usage-user', en: 'Model calls by user', ja: 'ユーザー別の呼び出し' }, 'HORIZONTAL_BAR', [['count', 'count']], {
    ...calls,
    by: ['userId'],
    rows: 10,
  }),
  widget({ id: 'usage-trace', en: 'Observations by trace name', ja: 'トレース名別オブザベーション' }, 'HORIZONTAL_BAR', [['count', 'count']], {
    by: ['traceName'],
    rows: 10,
  }),
  widget({ id: 'usage-scores', en: 'Average of numeric scores', ja: '数値スコアの平均' }, 'HORIZONTAL_BAR', [['value', 'avg']], {
    view: 'scores-numeric',
    by: ['name'],
    rows: 10,
  }),
];

/** Four figures in a row, then charts two a row, the first one alone when their number is odd; a table takes the whole width. */
function placed(widgets: readonly CuratedWidget[]): Placement[] {
  const placements: Placement[] = [];
  let x = 0;
  let y = 0;
  let rowHeight = 0;
  const charts = widgets.filter(({ chartType }) => chartType !== 'NUMBER' && chartType !== 'PIVOT_TABLE');
  const alone = charts.length % 2 === 1 ? charts[0]?.id : undefined;
  for (const { id, chartType } of widgets) {
    const [width, height] = chartType === 'NUMBER' ? [3, 2] : chartType === 'PIVOT_TABLE' || id === alone ? [12, 5] : [6, 5];
    if (x + width > 12 || (rowHeight !== 0 && rowHeight !== height)) {
      x = 0;
      y += rowHeight;
      rowHeight = 0;
    }
    placements.push({ type: 'widget', id: `${id}-tile`, widgetId: id, x, y, width, height });
    x += width;
    rowHeight = Math.max(rowHeight, height);
  }
  return placements;
}

const dashboard = (id: string, names: Texts, descriptions: Texts, widgets: readonly CuratedWidget[]): CuratedDashboard => ({
  id: `curated-${id}`,
  names,
  descriptions,
  placements: placed(widgets),
  filters: [],
});

export const CURATED_DASHBOARDS: readonly CuratedDashboard[] = [
  dashboard(
    'cost',
    { en: 'Cost', ja: 'コスト' },
    { en: 'What was spent, by model, user, trace and environment', ja: 'モデル・ユーザー・トレース・環境ごとの支出' },
    COST,
  ),
  dashboard(
    'latency',
    { en: 'Latency', ja: 'レイテンシー' },
    { en: 'How long calls take and when the first token comes', ja: '呼び出しにかかる時間と最初のトークンまでの時間' },
    LATENCY,
  ),
  dashboard('usage', { en: 'Usage', ja: '利用状況' }, { en: 'Calls, tokens, users and scores', ja: '呼び出し・トークン・ユーザー・スコア' }, USAGE),
];

const WIDGETS = new Map([...COST, ...LATENCY, ...USAGE].map((one) => [one.id, one]));

/** A widget of the release, by id. */
export function curatedWidget(id: string): CuratedWidget | null {
  return WIDGETS.get(id) ?? null;
}

/** A dashboard of the release, by id. */
export function curatedDashboard(id: string): CuratedDashboard | null {
  return CURATED_DASHBOARDS.find((one) => one.id === id) ?? null;
}
