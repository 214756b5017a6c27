-- How long traces, observations and scores are kept: by organisation, by project, and by environment or tag within a project.

ALTER TABLE organizations ADD COLUMN retention_days integer CHECK (retention_days >= 0);

-- Null = as the organisation says; 0 = for ever, whatever the organisation says.
ALTER TABLE projects DROP CONSTRAINT projects_retention_days_check;
ALTER TABLE projects ADD CONSTRAINT projects_retention_days_check CHECK (retention_days >= 0);
-- [{ "environment"?, "tag"?, "days" }], the first that fits counts; 0 = for ever.
ALTER TABLE projects ADD COLUMN retention_rules jsonb NOT NULL DEFAULT '[]';

-- What an archived journal segment holds, so that retention and deletion find the ones to rewrite without reading all.
CREATE TABLE journal_archives (
  key text PRIMARY KEY,
  first_received_at timestamptz,
  last_received_at timestamptz,
  projects text[] NOT NULL,
  seen_at timestamptz NOT NULL DEFAULT now()
);

-- Whoever stores events hears of every change.
CREATE FUNCTION notify_retention() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_retention', '');
  RETURN NULL;
END $$;
CREATE TRIGGER projects_retention_changed AFTER INSERT OR DELETE OR UPDATE OF retention_days, retention_rules, organization_id ON projects
  FOR EACH STATEMENT EXECUTE FUNCTION notify_retention();
CREATE TRIGGER organizations_retention_changed AFTER UPDATE OF retention_days ON organizations FOR EACH STATEMENT EXECUTE FUNCTION notify_retention();
