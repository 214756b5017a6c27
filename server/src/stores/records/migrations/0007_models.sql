-- Models of projects: which names they match and what their usage costs.

CREATE TABLE models (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  model_name text NOT NULL,
  -- PostgreSQL's regular expressions, as Langfuse has them.
  match_pattern text NOT NULL,
  start_date timestamptz,
  unit text NOT NULL,
  tokenizer_id text,
  tokenizer_config json,
  -- [{ "id", "name", "isDefault", "priority", "conditions": […], "prices": { usage key: price a unit } }], by priority.
  pricing_tiers json NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX models_by_project ON models (project_id, created_at DESC, id);

-- Whoever prices events hears of every change.
CREATE FUNCTION notify_models() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_models', '');
  RETURN NULL;
END $$;
CREATE TRIGGER models_changed AFTER INSERT OR UPDATE OR DELETE ON models FOR EACH STATEMENT EXECUTE FUNCTION notify_models();
