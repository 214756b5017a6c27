-- Dashboards of a project and the widgets that stand on them. What the platform brings itself is data of the release (observe/dashboards/curated.ts), not a row.

CREATE TABLE dashboard_widgets (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  view text NOT NULL,
  dimensions jsonb NOT NULL,
  metrics jsonb NOT NULL,
  filters jsonb NOT NULL,
  chart_type text NOT NULL,
  chart_config jsonb NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dashboard_widgets_by_project ON dashboard_widgets (project_id, updated_at DESC, id);

CREATE TABLE dashboards (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  -- [{"type": "widget", "id", "widgetId", "x", "y", "width", "height"}] on a grid of 12 columns.
  placements jsonb NOT NULL DEFAULT '[]',
  filters jsonb NOT NULL DEFAULT '[]',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dashboards_by_project ON dashboards (project_id, updated_at DESC, id);
