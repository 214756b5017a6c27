-- Tail sampling: a project's rule, traces that wait until they are quiet, and by how much the figures are short of what was left out.

-- Null = everything is kept.
ALTER TABLE projects ADD COLUMN sampling_rule jsonb;

CREATE FUNCTION notify_sampling() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_sampling', '');
  RETURN NULL;
END $$;
CREATE TRIGGER projects_sampling_changed AFTER INSERT OR DELETE OR UPDATE OF sampling_rule ON projects FOR EACH STATEMENT EXECUTE FUNCTION notify_sampling();

-- Traces that their share does not keep, until it is known whether something else does. No foreign key: the writer of rows must not fail by a project that is gone.
CREATE TABLE sampling_waiting (
  project_id text NOT NULL,
  trace_id text NOT NULL,
  last_at timestamptz NOT NULL,
  due_at timestamptz NOT NULL,
  PRIMARY KEY (project_id, trace_id)
);
CREATE INDEX sampling_waiting_due ON sampling_waiting (project_id, due_at);

-- What was left out, by the day (UTC) of the traces. 'share': neither their share nor anything else kept them; 'late': rows that came after their trace was left out.
CREATE TABLE sampling_left_out (
  project_id text NOT NULL,
  day date NOT NULL,
  reason text NOT NULL CHECK (reason IN ('share', 'late')),
  traces bigint NOT NULL DEFAULT 0,
  observations bigint NOT NULL DEFAULT 0,
  scores bigint NOT NULL DEFAULT 0,
  -- Observations of level ERROR: only late ones can be.
  errors bigint NOT NULL DEFAULT 0,
  bytes numeric(30, 0) NOT NULL DEFAULT 0,
  cost numeric(38, 12) NOT NULL DEFAULT 0,
  PRIMARY KEY (project_id, day, reason)
);

-- What a rule left out is remembered as what was deleted is, but not for ever.
ALTER TABLE deleted_traces ADD COLUMN sampled_out boolean NOT NULL DEFAULT false;
CREATE INDEX deleted_traces_sampled_out ON deleted_traces (deleted_at) WHERE sampled_out;

-- "Does a person work with this trace?" is asked for many at once.
CREATE INDEX dataset_run_items_by_trace ON dataset_run_items (project_id, trace_id);
CREATE INDEX annotation_queue_items_by_object ON annotation_queue_items (project_id, object_type, object_id);
