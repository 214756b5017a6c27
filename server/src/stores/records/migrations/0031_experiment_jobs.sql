-- Experiments that people start: a version of a prompt over the items of a dataset with one model, item by item in a queue that outlives a process.
CREATE TABLE experiment_jobs (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  organization_id text NOT NULL,
  dataset_id text NOT NULL REFERENCES datasets (id) ON DELETE CASCADE,
  run_name text NOT NULL,
  prompt_name text NOT NULL,
  prompt_version integer NOT NULL,
  -- The version as it was when the job was started, references to other prompts written out: [{ role, content }].
  messages jsonb NOT NULL,
  model text NOT NULL,
  parameters jsonb NOT NULL DEFAULT '{}',
  -- Whose key pays.
  user_id text NOT NULL,
  user_name text NOT NULL,
  state text NOT NULL DEFAULT 'running' CHECK (state IN ('running', 'done', 'failed', 'cancelled')),
  problem text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz
);
CREATE INDEX experiment_jobs_by_dataset ON experiment_jobs (dataset_id, created_at DESC, id);

CREATE TABLE experiment_job_items (
  job_id text NOT NULL REFERENCES experiment_jobs (id) ON DELETE CASCADE,
  item_id text NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed', 'cancelled')),
  attempts integer NOT NULL DEFAULT 0,
  run_at timestamptz NOT NULL DEFAULT now(),
  -- Of the process that asks now; one that died loses the item then.
  locked_until timestamptz,
  cause text,
  trace_id text,
  cost numeric(38, 12),
  PRIMARY KEY (job_id, item_id)
);
CREATE INDEX experiment_job_items_waiting ON experiment_job_items (run_at) WHERE state = 'pending';
CREATE INDEX experiment_job_items_running ON experiment_job_items (locked_until) WHERE state = 'running';
