-- What a project replaces before anything is stored: [{ "builtIn" | "name" and "pattern", "replacement" }].
ALTER TABLE projects ADD COLUMN masking_rules jsonb NOT NULL DEFAULT '[]';

CREATE FUNCTION notify_masking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_masking', '');
  RETURN NULL;
END $$;
CREATE TRIGGER projects_masking_changed AFTER INSERT OR DELETE OR UPDATE OF masking_rules ON projects FOR EACH STATEMENT EXECUTE FUNCTION notify_masking();
