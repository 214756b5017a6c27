-- Who is governed and how: budgets and limits of every level, people and members behind keys, keys that were replaced.

-- One row for each level that spends: what it has spent, its budget with its window, its rates. `subject` is the id of the level; a member's is
-- team id, unit separator (U+001F), user id. Kind `budget` holds limits that others share by `budget_id` and spends nothing itself.
CREATE TABLE spend_limits (
  kind text NOT NULL CHECK (kind IN ('budget', 'organization', 'team', 'member', 'user', 'end_user', 'tag')),
  subject text NOT NULL,
  organization_id text,
  -- Kept by the ledger in the transaction that writes its rows.
  spend numeric(38, 12) NOT NULL DEFAULT 0,
  max_budget numeric(38, 12),
  soft_budget numeric(38, 12),
  budget_duration text,
  budget_reset_at timestamptz,
  rpm_limit bigint,
  tpm_limit bigint,
  max_parallel_requests bigint,
  -- budget_limits, model_max_budget, model_rpm_limit, model_tpm_limit in LiteLLM's form.
  model_limits jsonb NOT NULL DEFAULT '{}',
  budget_id text,
  blocked boolean NOT NULL DEFAULT false,
  -- What an end user, a tag or a budget is beside its limits (alias, description, models ...).
  profile jsonb NOT NULL DEFAULT '{}',
  -- False: only counted, because calls named it; true: somebody has created it.
  is_registered boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text,
  PRIMARY KEY (kind, subject)
);
CREATE INDEX spend_limits_by_budget ON spend_limits (budget_id) WHERE budget_id IS NOT NULL;
CREATE INDEX spend_limits_due ON spend_limits (budget_reset_at) WHERE budget_reset_at IS NOT NULL;

INSERT INTO spend_limits (kind, subject, organization_id, spend, max_budget, is_registered)
SELECT 'team', id, organization_id, spend, max_budget, true FROM teams;
INSERT INTO spend_limits (kind, subject, organization_id, spend, is_registered)
SELECT 'organization', o.id, o.id, COALESCE((SELECT sum(l.cost) FROM ledger l WHERE l.organization_id = o.id), 0), true FROM organizations o;
INSERT INTO spend_limits (kind, subject, organization_id, spend)
SELECT 'user', key_user_id, min(organization_id), sum(cost) FROM ledger WHERE key_user_id IS NOT NULL AND cost > 0 GROUP BY key_user_id;

ALTER TABLE teams
  ADD COLUMN model_aliases jsonb NOT NULL DEFAULT '{}',
  -- Request fields of LiteLLM that are kept and given back.
  ADD COLUMN other_fields jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN created_by text,
  ADD COLUMN updated_by text;

ALTER TABLE organizations
  ADD COLUMN models text[] NOT NULL DEFAULT '{}',
  ADD COLUMN metadata jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN other_fields jsonb NOT NULL DEFAULT '{}',
  ADD COLUMN created_by text,
  ADD COLUMN updated_at timestamptz NOT NULL DEFAULT now(),
  ADD COLUMN updated_by text;

-- LiteLLM's internal users: owners of keys and members of teams. People who sign in to the console are in `users`.
CREATE TABLE internal_users (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id),
  alias text,
  email text,
  role text NOT NULL DEFAULT 'internal_user' CHECK (role IN ('proxy_admin', 'proxy_admin_viewer', 'internal_user', 'internal_user_viewer')),
  sso_user_id text UNIQUE,
  models text[] NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  other_fields jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text
);
CREATE UNIQUE INDEX internal_users_by_email ON internal_users (lower(email)) WHERE email IS NOT NULL;

-- No foreign key to internal_users: LiteLLM takes members that nobody has created.
CREATE TABLE team_members (
  team_id text NOT NULL REFERENCES teams (id) ON DELETE CASCADE,
  user_id text NOT NULL,
  email text,
  role text NOT NULL DEFAULT 'user' CHECK (role IN ('admin', 'user')),
  models text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (team_id, user_id)
);
CREATE INDEX team_members_by_user ON team_members (user_id);

CREATE TABLE organization_members (
  organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  user_id text NOT NULL,
  email text,
  role text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (organization_id, user_id)
);
CREATE INDEX organization_members_by_user ON organization_members (user_id);

-- Null = named after the id: a regenerated key keeps the account that its first hash had, so that calls in flight settle where they were reserved.
ALTER TABLE virtual_keys ADD COLUMN account text;

-- A regenerated key's old hash: it opens the new key until `revoke_at`, and what it spent counts for the new one for ever.
CREATE TABLE replaced_keys (
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  active_id text NOT NULL REFERENCES virtual_keys (id) ON DELETE CASCADE ON UPDATE CASCADE,
  revoke_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX replaced_keys_by_active ON replaced_keys (active_id);

CREATE INDEX virtual_keys_by_budget ON virtual_keys ((other_fields ->> 'budget_id')) WHERE other_fields ? 'budget_id';
CREATE INDEX virtual_keys_by_organization ON virtual_keys (organization_id);
-- Sums of windows and reports by level.
CREATE INDEX ledger_by_team ON ledger (team_id, call_started_at DESC) WHERE team_id IS NOT NULL;
CREATE INDEX ledger_by_user ON ledger (key_user_id, call_started_at DESC) WHERE key_user_id IS NOT NULL;
CREATE INDEX ledger_by_end_user ON ledger (end_user, call_started_at DESC) WHERE end_user IS NOT NULL;

-- Changes are told as '<kind>:<subject>'. Spend is left out: the ledger writes it. Rows that only count are nobody's rule.
CREATE FUNCTION notify_level() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF COALESCE(NEW.is_registered, OLD.is_registered) THEN
    PERFORM pg_notify('genai_keys', COALESCE(NEW.kind, OLD.kind) || ':' || COALESCE(NEW.subject, OLD.subject));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER spend_limits_created AFTER INSERT OR DELETE ON spend_limits FOR EACH ROW EXECUTE FUNCTION notify_level();
CREATE TRIGGER spend_limits_changed AFTER UPDATE OF
  max_budget, rpm_limit, tpm_limit, max_parallel_requests, model_limits, budget_id, blocked, profile, is_registered
  ON spend_limits FOR EACH ROW EXECUTE FUNCTION notify_level();

CREATE FUNCTION notify_named_level() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_keys', TG_ARGV[0] || ':' || COALESCE(NEW.id, OLD.id));
  RETURN NULL;
END $$;
-- A team's change concerns its own keys, not everybody's.
DROP TRIGGER teams_changed ON teams;
CREATE TRIGGER teams_changed AFTER UPDATE OF alias, cost_centre, organization_id, models, model_aliases, blocked ON teams
  FOR EACH ROW EXECUTE FUNCTION notify_named_level('team');
CREATE TRIGGER organizations_changed AFTER UPDATE OF models ON organizations FOR EACH ROW EXECUTE FUNCTION notify_named_level('organization');
CREATE TRIGGER internal_users_changed AFTER UPDATE OF models ON internal_users FOR EACH ROW EXECUTE FUNCTION notify_named_level('user');

CREATE FUNCTION notify_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_keys', 'member:' || COALESCE(NEW.team_id, OLD.team_id) || chr(31) || COALESCE(NEW.user_id, OLD.user_id));
  RETURN NULL;
END $$;
CREATE TRIGGER team_members_changed AFTER INSERT OR DELETE OR UPDATE OF models ON team_members FOR EACH ROW EXECUTE FUNCTION notify_member();

DROP TRIGGER virtual_keys_changed ON virtual_keys;
CREATE TRIGGER virtual_keys_changed AFTER UPDATE OF
  id, alias, name, models, max_budget, rpm_limit, tpm_limit, max_parallel_requests, expires_at, blocked, team_id, user_id,
  organization_id, project_id, cost_centre, tags, metadata, other_fields, keep_content
  ON virtual_keys FOR EACH ROW EXECUTE FUNCTION notify_virtual_key();
