-- Keys of an organisation: they manage its projects, keys and members, and open no project.

CREATE TABLE organization_keys (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  public_key text NOT NULL UNIQUE,
  secret_hash text NOT NULL,
  display_secret_key text NOT NULL,
  note text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX organization_keys_by_organization ON organization_keys (organization_id);

CREATE TRIGGER organization_keys_created AFTER INSERT OR DELETE ON organization_keys FOR EACH ROW EXECUTE FUNCTION notify_project_key();
CREATE TRIGGER organization_keys_changed AFTER UPDATE OF public_key, secret_hash, organization_id, expires_at
  ON organization_keys FOR EACH ROW EXECUTE FUNCTION notify_project_key();
