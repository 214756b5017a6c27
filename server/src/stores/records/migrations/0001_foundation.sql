-- The first records: organisations, projects, keys, people, the ledger of calls and the consumers' positions. Runs with search_path = genai.
-- Money is numeric(38,12) (whole picos); instants are timestamptz; column names are the snake_case of the TypeScript names.

CREATE TABLE organizations (
  id text PRIMARY KEY,
  name text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE projects (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id),
  name text NOT NULL,
  -- Null = kept for ever.
  retention_days integer CHECK (retention_days > 0),
  -- False: calls and events of the project keep no input or output.
  keep_content boolean NOT NULL DEFAULT true,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX projects_by_organization ON projects (organization_id);

-- pk-lf- / sk-lf- pairs; only a hash of the secret is kept.
CREATE TABLE project_keys (
  id text PRIMARY KEY,
  organization_id text NOT NULL REFERENCES organizations (id),
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  public_key text NOT NULL UNIQUE,
  secret_hash text NOT NULL,
  display_secret_key text NOT NULL,
  note text,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  last_used_at timestamptz
);
CREATE INDEX project_keys_by_project ON project_keys (project_id);

-- People; the next four tables are written by the login library.
CREATE TABLE users (
  id text PRIMARY KEY,
  name text NOT NULL,
  email text NOT NULL UNIQUE,
  email_verified boolean NOT NULL DEFAULT false,
  image text,
  must_change_password boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE sessions (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  token text NOT NULL UNIQUE,
  expires_at timestamptz NOT NULL,
  ip_address text,
  user_agent text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX sessions_by_user ON sessions (user_id);

CREATE TABLE accounts (
  id text PRIMARY KEY,
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  account_id text NOT NULL,
  provider_id text NOT NULL,
  access_token text,
  refresh_token text,
  id_token text,
  access_token_expires_at timestamptz,
  refresh_token_expires_at timestamptz,
  scope text,
  password text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX accounts_by_user ON accounts (user_id);

CREATE TABLE verifications (
  id text PRIMARY KEY,
  identifier text NOT NULL,
  value text NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX verifications_by_identifier ON verifications (identifier);

CREATE TABLE memberships (
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  organization_id text NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
  role text NOT NULL CHECK (role IN ('admin', 'member', 'viewer')),
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (user_id, organization_id)
);

CREATE TABLE teams (
  id text PRIMARY KEY,
  alias text,
  organization_id text NOT NULL REFERENCES organizations (id),
  -- Department or cost-centre code of the organisation unit that pays.
  cost_centre text,
  models text[] NOT NULL DEFAULT '{}',
  max_budget numeric(38, 12),
  spend numeric(38, 12) NOT NULL DEFAULT 0,
  blocked boolean NOT NULL DEFAULT false,
  metadata jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX teams_by_organization ON teams (organization_id);

-- identity/principal.ts VirtualKey; team_alias and cost_centre are joined from the team (a key's own cost_centre wins).
CREATE TABLE virtual_keys (
  -- SHA-256 of the key in hex.
  id text PRIMARY KEY CHECK (id ~ '^[0-9a-f]{64}$'),
  alias text,
  name text NOT NULL,
  models text[] NOT NULL DEFAULT '{}',
  max_budget numeric(38, 12),
  budget_duration text,
  budget_reset_at timestamptz,
  -- Kept by the ledger in the transaction that writes its rows.
  spend numeric(38, 12) NOT NULL DEFAULT 0,
  rpm_limit bigint,
  tpm_limit bigint,
  max_parallel_requests bigint,
  expires_at timestamptz,
  blocked boolean NOT NULL DEFAULT false,
  team_id text REFERENCES teams (id),
  user_id text,
  organization_id text NOT NULL REFERENCES organizations (id),
  project_id text NOT NULL REFERENCES projects (id),
  cost_centre text,
  tags text[] NOT NULL DEFAULT '{}',
  metadata jsonb NOT NULL DEFAULT '{}',
  -- Request fields of LiteLLM that are kept and given back but not acted on.
  other_fields jsonb NOT NULL DEFAULT '{}',
  keep_content boolean NOT NULL DEFAULT true,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text
);
CREATE UNIQUE INDEX virtual_keys_by_alias ON virtual_keys (alias) WHERE alias IS NOT NULL;
CREATE INDEX virtual_keys_by_creation ON virtual_keys (created_at DESC, id);
CREATE INDEX virtual_keys_by_team ON virtual_keys (team_id) WHERE team_id IS NOT NULL;
CREATE INDEX virtual_keys_by_user ON virtual_keys (user_id) WHERE user_id IS NOT NULL;

-- One row per attempt of a gateway call (call-record.ts: AttemptRecord with its call's path). No foreign keys: a bill outlives what it was for.
CREATE TABLE ledger (
  call_id text NOT NULL,
  -- AttemptRecord.index
  attempt integer NOT NULL,
  -- The last attempt of its call: first_token_at, call_outcome and call_http_status are the call's.
  final boolean NOT NULL DEFAULT true,

  organization_id text NOT NULL,
  cost_centre text,
  team_id text,
  team_alias text,
  key_id text NOT NULL,
  key_alias text,
  key_user_id text,
  project_id text NOT NULL,

  trace_id text,
  span_id text,
  endpoint text,
  stream boolean NOT NULL DEFAULT false,
  -- Name that the client asked for.
  model text NOT NULL,
  end_user text,
  session_id text,
  trace_name text,
  environment text,
  tags text[] NOT NULL DEFAULT '{}',
  call_started_at timestamptz NOT NULL,
  call_ended_at timestamptz,
  first_token_at timestamptz,
  call_outcome text CHECK (call_outcome IN ('success', 'failure', 'cancelled', 'unknown')),
  -- Status that the client got.
  call_http_status integer,

  deployment_id text NOT NULL,
  provider text NOT NULL,
  upstream_model text NOT NULL,
  api_base text,
  started_at timestamptz NOT NULL,
  ended_at timestamptz,
  -- unknown = started and never settled: billed at its reservation.
  outcome text NOT NULL CHECK (outcome IN ('success', 'failure', 'cancelled', 'unknown')),
  http_status integer,
  error_class text,
  error_message text,

  input_tokens bigint,
  output_tokens bigint,
  total_tokens bigint,
  cached_input_tokens bigint,
  cache_creation_input_tokens bigint,
  reasoning_output_tokens bigint,
  audio_input_tokens bigint,
  audio_output_tokens bigint,
  usage_estimated boolean NOT NULL DEFAULT false,
  -- Null = the price is unknown.
  cost numeric(38, 12),
  currency text NOT NULL,
  price_id text,

  recorded_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (call_id, attempt)
);
CREATE INDEX ledger_by_time ON ledger (call_started_at DESC, call_id DESC);
CREATE INDEX ledger_by_key ON ledger (key_id, call_started_at DESC);

-- How far a consumer of the journal has come.
CREATE TABLE consumer_positions (
  name text PRIMARY KEY,
  sequence numeric(20, 0) NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE instance_settings (
  key text PRIMARY KEY,
  value jsonb NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now()
);

-- Every change of a key is told on the channel genai_keys, whoever makes it: 'key:<id>', 'public:<public key>', or '*' when any key may be concerned.
-- Spend is left out on purpose: the ledger writes it after every group of calls.
CREATE FUNCTION notify_virtual_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_keys', 'key:' || COALESCE(NEW.id, OLD.id));
  IF TG_OP = 'UPDATE' AND NEW.id <> OLD.id THEN PERFORM pg_notify('genai_keys', 'key:' || OLD.id); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER virtual_keys_created AFTER INSERT OR DELETE ON virtual_keys FOR EACH ROW EXECUTE FUNCTION notify_virtual_key();
CREATE TRIGGER virtual_keys_changed AFTER UPDATE OF
  id, alias, name, models, max_budget, rpm_limit, tpm_limit, max_parallel_requests, expires_at, blocked, team_id, user_id,
  organization_id, project_id, cost_centre, tags, metadata, keep_content
  ON virtual_keys FOR EACH ROW EXECUTE FUNCTION notify_virtual_key();

CREATE FUNCTION notify_project_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_keys', 'public:' || COALESCE(NEW.public_key, OLD.public_key));
  IF TG_OP = 'UPDATE' AND NEW.public_key <> OLD.public_key THEN PERFORM pg_notify('genai_keys', 'public:' || OLD.public_key); END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER project_keys_created AFTER INSERT OR DELETE ON project_keys FOR EACH ROW EXECUTE FUNCTION notify_project_key();
CREATE TRIGGER project_keys_changed AFTER UPDATE OF public_key, secret_hash, project_id, organization_id, expires_at
  ON project_keys FOR EACH ROW EXECUTE FUNCTION notify_project_key();

CREATE FUNCTION notify_all_keys() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_keys', '*');
  RETURN NULL;
END $$;
CREATE TRIGGER teams_changed AFTER UPDATE OF alias, cost_centre, organization_id, models, max_budget, blocked ON teams FOR EACH STATEMENT EXECUTE FUNCTION notify_all_keys();
CREATE TRIGGER projects_changed AFTER UPDATE OF organization_id, name, keep_content ON projects FOR EACH STATEMENT EXECUTE FUNCTION notify_all_keys();
