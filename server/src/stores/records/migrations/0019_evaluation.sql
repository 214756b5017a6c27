-- Evaluators (what judges), rules (what is judged), and the queue of judgements.

-- The model of evaluators that name none.
CREATE TABLE evaluation_settings (
  project_id text PRIMARY KEY REFERENCES projects (id) ON DELETE CASCADE,
  provider text NOT NULL,
  model text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE evaluators (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, name)
);

CREATE TABLE evaluator_versions (
  evaluator_id text NOT NULL REFERENCES evaluators (id) ON DELETE CASCADE,
  version integer NOT NULL,
  prompt text NOT NULL,
  output json NOT NULL,
  -- Null = the project's default model.
  provider text,
  model text,
  mapping json,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (evaluator_id, version)
);

CREATE TABLE evaluation_rules (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  target text NOT NULL CHECK (target IN ('observation', 'trace', 'session', 'experiment')),
  enabled boolean NOT NULL,
  sampling double precision NOT NULL CHECK (sampling > 0 AND sampling <= 1),
  filter json NOT NULL DEFAULT '[]',
  delay_seconds integer NOT NULL,
  -- In the currency of prices; null = no limit.
  max_cost_per_day numeric(38, 12),
  -- Why it does not run although it is enabled.
  paused_reason text,
  paused_message text,
  -- What was received until here has been looked at.
  seen_until timestamptz NOT NULL DEFAULT now(),
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, name)
);

CREATE TABLE evaluation_rule_evaluators (
  rule_id text NOT NULL REFERENCES evaluation_rules (id) ON DELETE CASCADE,
  evaluator_id text NOT NULL REFERENCES evaluators (id) ON DELETE CASCADE,
  position integer NOT NULL,
  -- Null = the evaluator's own.
  mapping json,
  PRIMARY KEY (rule_id, evaluator_id)
);
CREATE INDEX evaluation_rule_evaluators_by_evaluator ON evaluation_rule_evaluators (evaluator_id);

-- Judging what was stored before.
CREATE TABLE evaluation_backfills (
  id text PRIMARY KEY,
  project_id text NOT NULL,
  rule_id text NOT NULL REFERENCES evaluation_rules (id) ON DELETE CASCADE,
  from_time timestamptz NOT NULL,
  to_time timestamptz NOT NULL,
  max_cost numeric(38, 12),
  state text NOT NULL CHECK (state IN ('running', 'stopped')),
  -- Why it was stopped before its end.
  cause text,
  targets integer NOT NULL DEFAULT 0,
  created_by text,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX evaluation_backfills_by_rule ON evaluation_backfills (rule_id, created_at DESC);

CREATE TABLE evaluation_jobs (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id text NOT NULL,
  rule_id text NOT NULL REFERENCES evaluation_rules (id) ON DELETE CASCADE,
  evaluator_id text NOT NULL REFERENCES evaluators (id) ON DELETE CASCADE,
  backfill_id text REFERENCES evaluation_backfills (id) ON DELETE CASCADE,
  target text NOT NULL,
  -- Of an observation its trace; '' for traces and sessions.
  trace_id text NOT NULL,
  target_id text NOT NULL,
  -- Of an experiment the run's item.
  run_item_id text,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'running', 'done', 'failed', 'skipped', 'cancelled')),
  run_at timestamptz NOT NULL,
  -- A running job that is not finished until then belongs to a process that died.
  locked_until timestamptz,
  attempts integer NOT NULL DEFAULT 0,
  cause text,
  score_id text,
  judge_trace_id text,
  cost numeric(38, 12),
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  UNIQUE (rule_id, evaluator_id, target, trace_id, target_id)
);
CREATE INDEX evaluation_jobs_due ON evaluation_jobs (run_at) WHERE state = 'pending';
CREATE INDEX evaluation_jobs_running ON evaluation_jobs (locked_until) WHERE state = 'running';
CREATE INDEX evaluation_jobs_by_project ON evaluation_jobs (project_id, id DESC);
CREATE INDEX evaluation_jobs_by_backfill ON evaluation_jobs (backfill_id) WHERE backfill_id IS NOT NULL;
CREATE INDEX evaluation_jobs_finished ON evaluation_jobs (finished_at) WHERE finished_at IS NOT NULL;
