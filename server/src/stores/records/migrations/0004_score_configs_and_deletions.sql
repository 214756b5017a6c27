-- What scores may look like, and which traces were deleted.

CREATE TABLE score_configs (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  data_type text NOT NULL CHECK (data_type IN ('NUMERIC', 'CATEGORICAL', 'BOOLEAN', 'TEXT')),
  is_archived boolean NOT NULL DEFAULT false,
  min_value double precision,
  max_value double precision,
  -- [{ "label": …, "value": … }]
  categories json,
  description text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX score_configs_by_project ON score_configs (project_id, created_at DESC, id);

-- A deleted trace is remembered: events of it that are still on their way are left out. No foreign key: the memory outlives the project's row.
CREATE TABLE deleted_traces (
  project_id text NOT NULL,
  trace_id text NOT NULL,
  deleted_at timestamptz NOT NULL DEFAULT now(),
  -- Null = stored rows may still be there: looked for again at the next start of the engine.
  buried_at timestamptz,
  PRIMARY KEY (project_id, trace_id)
);
CREATE INDEX deleted_traces_unburied ON deleted_traces (deleted_at) WHERE buried_at IS NULL;
