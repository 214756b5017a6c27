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

/** GET /api/public/unstable/alert-rules/{id} */
export interface ConsoleAlertRule {
  id: string;
  name: string;
  description: string;
  enabled: boolean;
  severity: 'info' | 'warning' | 'critical';
  kind: 'threshold' | 'silence';
  view: string;
  /** These five are absent for silence. */
  measure?: string;
  aggregation?: string;
  comparison?: '>' | '>=' | '<' | '<=';
  threshold?: number;
  whenNoData?: 'ok' | 'alert' | 'keep';
  filters: FilterCondition[];
  windowMinutes: number;
  forMinutes: number;
  receiverIds: string[];
  everyMinutes: number;
  state: 'ok' | 'pending' | 'firing' | 'resolved' | 'off';
  stateSince: string;
  lastValue: number | null;
  evaluatedAt: string | null;
  evaluationError: string | null;
  updatedAt: string;
}
/** POST /api/public/unstable/alert-rules/preview */
export interface ConsoleAlertPreview {
  points: { at: string; value: number | null; breach: boolean | null }[];
  everyMinutes: number;
}
/** GET /api/public/unstable/alert-receivers/{id} */
export interface ConsoleAlertReceiver {
  id: string;
  name: string;
  kind: 'webhook' | 'slack' | 'teams' | 'email';
  /** What may be shown of the address. */
  target: string;
  language: 'en' | 'ja';
  lastSentAt: string | null;
  lastError: string | null;
  lastErrorAt: string | null;
}
/** GET /api/public/unstable/alert-firings */
export interface ConsoleAlertFiring {
  id: string;
  rule: { id: string; name: string };
  severity: 'info' | 'warning' | 'critical';
  condition: string;
  firedAt: string;
  value: number | null;
  endedAt: string | null;
  endReason: 'resolved' | 'changed' | 'disabled' | 'deleted' | null;
  deliveries: {
    id: string;
    receiver: { id: string; name: string; kind: string };
    event: 'firing' | 'resolved';
    state: 'pending' | 'sent' | 'failed';
    attempts: number;
    lastError: string | null;
  }[];
}
