// What the console may see of dashboards and alerts: types only.
import type { FilterCondition } from './contract.ts';

/** GET /api/public/unstable/metrics-options: what a query of the metrics API can name. */
export interface ConsoleMetricsOptions {
  views: {
    view: string;
    dimensions: string[];
    measures: { measure: string; kind: 'rows' | 'distinct' | 'number' }[];
    filters: { column: string; holds: string }[];
  }[];
  /** How many dimensions (least, most) and metrics a chart draws. */
  charts: Record<string, { dimensions: [number, number]; metrics: number }>;
}
/** GET /api/public/unstable/dashboard-widgets/{id} */
export interface ConsoleWidget {
  id: string;
  name: string;
  /** Of what comes with the platform, in both languages. */
  names?: { en: string; ja: string };
  description: string;
  view: string;
  dimensions: { field: string }[];
  metrics: { measure: string; agg: string }[];
  filters: FilterCondition[];
  chartType: string;
  chartConfig: { type: string; row_limit?: number; bins?: number; show_value_labels?: boolean; defaultSort?: { column: string; order: 'ASC' | 'DESC' } };
  updatedAt: string;
}
/** A tile on the grid of 12 columns. */
export interface ConsolePlacement {
  type: 'widget';
  id: string;
  widgetId: string;
  x: number;
  y: number;
  width: number;
  height: number;
}
/** GET /api/public/unstable/dashboards/{id} */
export interface ConsoleDashboard {
  id: string;
  name: string;
  names?: { en: string; ja: string };
  description: string;
  descriptions?: { en: string; ja: string };
  definition: { widgets: ConsolePlacement[] };
  filters: FilterCondition[];
  owner: 'PROJECT' | 'PLATFORM';
  updatedAt: string;
}
