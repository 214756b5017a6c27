// What widgets, dashboards and placements may say (the unstable dashboard API of Langfuse, langfuse-openapi.yml).
import { z } from 'zod';
import { conditionsSchema } from '#observe/filter/filter.ts';
import { limitParameter, pageParameter } from '#observe/filter/parameters.ts';
import { AGGREGATIONS, VIEWS } from '#observe/metrics/query.ts';

export const CHART_TYPES = [
  'LINE_TIME_SERIES',
  'AREA_TIME_SERIES',
  'BAR_TIME_SERIES',
  'HORIZONTAL_BAR',
  'VERTICAL_BAR',
  'PIE',
  'NUMBER',
  'HISTOGRAM',
  'PIVOT_TABLE',
] as const;
export type ChartType = (typeof CHART_TYPES)[number];

/** Columns of the grid. */
export const GRID_COLUMNS = 12;
const MAX_PLACEMENTS = 60;

const name = z.string().trim().min(1).max(200);
const description = z.string().max(2_000);
const field = z.string().min(1).max(100);
/** The legacy view `traces` is not offered, as in Langfuse. */
const view = z.enum(VIEWS).exclude(['traces'], 'use observations or a view of scores');

const chartConfig = z.object({
  type: z.enum(CHART_TYPES).nullish(),
  row_limit: z.number().int().min(1).max(1_000).nullish(),
  show_value_labels: z.boolean().nullish(),
  bins: z.number().int().min(1).max(100).nullish(),
  defaultSort: z.object({ column: field, order: z.enum(['ASC', 'DESC']) }).nullish(),
});
export type ChartConfig = z.output<typeof chartConfig> & { type: ChartType };

const dimensions = z.array(z.object({ field })).max(3);
const metrics = z
  .array(z.object({ measure: field, agg: z.enum(AGGREGATIONS) }))
  .min(1)
  .max(10);

export const widgetBody = z.object({
  name,
  description: description.nullish(),
  view,
  dimensions,
  metrics,
  filters: conditionsSchema,
  chartType: z.enum(CHART_TYPES),
  chartConfig: chartConfig.nullish(),
});

const someField = (body: object): boolean => Object.values(body).some((value) => value !== undefined && value !== null);
const NOTHING = 'name at least one field to change';

export const widgetPatch = z
  .object({
    name: name.nullish(),
    description: description.nullish(),
    view: view.nullish(),
    dimensions: dimensions.nullish(),
    metrics: metrics.nullish(),
    filters: conditionsSchema.nullish(),
    chartType: z.enum(CHART_TYPES).nullish(),
    chartConfig: chartConfig.nullish(),
  })
  .refine(someField, NOTHING);

const x = z
  .number()
  .int()
  .min(0)
  .max(GRID_COLUMNS - 1);
const y = z.number().int().min(0).max(10_000);
const width = z.number().int().min(1).max(GRID_COLUMNS);
const height = z.number().int().min(1).max(100);
const NO_PRESETS = 'presets are tiles of Langfuse; place a widget: {"type": "widget", "widgetId": "…"}';
const type = z.literal('widget', NO_PRESETS);
const id = z.string().min(1).max(100);

const placement = z.object({ type, id, widgetId: id, x, y, width, height });
export type Placement = z.output<typeof placement>;

export const newPlacement = z.object({
  type,
  id: id.nullish(),
  widgetId: id,
  x: x.nullish(),
  y: y.nullish(),
  width: width.nullish(),
  height: height.nullish(),
});
export const placementPatch = z.object({ x: x.nullish(), y: y.nullish(), width: width.nullish(), height: height.nullish() }).refine(someField, NOTHING);

const definition = z.object({
  widgets: z
    .array(placement)
    .max(MAX_PLACEMENTS)
    .refine((list) => new Set(list.map((one) => one.id)).size === list.length, 'two placements have the same id'),
});

export const dashboardBody = z.object({ name, description: description.nullish(), definition: definition.nullish(), filters: conditionsSchema.nullish() });
export const dashboardPatch = z
  .object({ name: name.nullish(), description: description.nullish(), definition: definition.nullish(), filters: conditionsSchema.nullish() })
  .refine(someField, NOTHING);
export const cloneBody = z.object({ name: name.nullish(), language: z.enum(['en', 'ja']).default('en') });

export const pageOf = z.object({ page: pageParameter, limit: limitParameter(100) });
/** How many placements one more would make too many. */
export const PLACEMENT_LIMIT = MAX_PLACEMENTS;
