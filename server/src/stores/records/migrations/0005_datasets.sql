-- Datasets, their items through time, and the runs over them.

CREATE TABLE datasets (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text,
  metadata json NOT NULL DEFAULT '{}',
  -- JSON Schemas that every item obeys.
  input_schema json,
  expected_output_schema json,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, name)
);

-- One row a version of an item; the one that holds now has no valid_to. Instants are whole milliseconds, as clients name versions by what they were shown.
CREATE TABLE dataset_items (
  project_id text NOT NULL,
  dataset_id text NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  id text NOT NULL,
  valid_from timestamptz NOT NULL,
  valid_to timestamptz,
  status text NOT NULL CHECK (status IN ('ACTIVE', 'ARCHIVED')),
  input json,
  expected_output json,
  metadata json,
  source_trace_id text,
  source_observation_id text,
  -- Of the item, the same in every version.
  created_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, id, valid_from)
);
CREATE UNIQUE INDEX dataset_items_current ON dataset_items (project_id, id) WHERE valid_to IS NULL;
CREATE INDEX dataset_items_by_dataset ON dataset_items (dataset_id, created_at DESC, id);
CREATE INDEX dataset_items_by_source ON dataset_items (project_id, source_trace_id) WHERE source_trace_id IS NOT NULL;

CREATE TABLE dataset_runs (
  id text PRIMARY KEY,
  project_id text NOT NULL,
  dataset_id text NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text,
  metadata json,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (dataset_id, name)
);

CREATE TABLE dataset_run_items (
  id text PRIMARY KEY,
  project_id text NOT NULL,
  dataset_run_id text NOT NULL REFERENCES dataset_runs (id) ON DELETE CASCADE,
  dataset_item_id text NOT NULL,
  -- Which version of the item was run.
  item_valid_from timestamptz NOT NULL,
  trace_id text NOT NULL,
  observation_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX dataset_run_items_by_run ON dataset_run_items (dataset_run_id, created_at DESC, id);
CREATE INDEX dataset_run_items_by_item ON dataset_run_items (project_id, dataset_item_id);
CREATE INDEX dataset_run_items_by_time ON dataset_run_items (project_id, created_at DESC, id);
