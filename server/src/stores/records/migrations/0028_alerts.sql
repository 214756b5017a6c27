-- Alerts: who is told, rules over the metrics API, when they fired, and what was sent.

CREATE TABLE alert_receivers (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('webhook', 'slack', 'teams', 'email')),
  -- Addresses and secrets as JSON, sealed with the instance secret (lib/sealed.ts).
  sealed_target text NOT NULL,
  -- What may be shown of the address.
  display text NOT NULL,
  language text NOT NULL DEFAULT 'en' CHECK (language IN ('en', 'ja')),
  -- Of the newest delivery that came to an end, or failed and will be tried again.
  last_sent_at timestamptz,
  last_error text,
  last_error_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, name)
);

CREATE TABLE alert_rules (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text NOT NULL DEFAULT '',
  enabled boolean NOT NULL,
  severity text NOT NULL CHECK (severity IN ('info', 'warning', 'critical')),
  -- silence = nothing in the window.
  kind text NOT NULL CHECK (kind IN ('threshold', 'silence')),
  view text NOT NULL,
  measure text NOT NULL,
  aggregation text NOT NULL,
  filters jsonb NOT NULL DEFAULT '[]',
  window_minutes integer NOT NULL,
  comparison text NOT NULL CHECK (comparison IN ('>', '>=', '<', '<=')),
  threshold double precision NOT NULL,
  for_minutes integer NOT NULL,
  when_no_data text NOT NULL CHECK (when_no_data IN ('ok', 'alert', 'keep')),
  receiver_ids text[] NOT NULL DEFAULT '{}',
  state text NOT NULL DEFAULT 'ok' CHECK (state IN ('ok', 'pending', 'firing', 'resolved')),
  state_since timestamptz NOT NULL DEFAULT now(),
  last_value double precision,
  evaluated_at timestamptz,
  evaluation_error text,
  next_at timestamptz NOT NULL DEFAULT now(),
  -- A rule that is being evaluated belongs to one process until then.
  locked_until timestamptz,
  -- Counts changes: what was measured for an older form of the rule is thrown away.
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, name)
);
CREATE INDEX alert_rules_due ON alert_rules (next_at) WHERE enabled;

-- Stays when its rule is deleted.
CREATE TABLE alert_firings (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  rule_id text NOT NULL,
  rule_name text NOT NULL,
  severity text NOT NULL,
  -- The condition in words of the API, for example "p95_latency > 3000".
  condition text NOT NULL,
  began_at timestamptz NOT NULL,
  fired_at timestamptz NOT NULL,
  value double precision,
  ended_at timestamptz,
  end_value double precision,
  end_reason text CHECK (end_reason IN ('resolved', 'changed', 'disabled', 'deleted'))
);
CREATE INDEX alert_firings_by_project ON alert_firings (project_id, fired_at DESC, id);
CREATE UNIQUE INDEX alert_firings_open ON alert_firings (rule_id) WHERE ended_at IS NULL;
CREATE INDEX alert_firings_ended ON alert_firings (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE alert_deliveries (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  firing_id text NOT NULL REFERENCES alert_firings (id) ON DELETE CASCADE,
  receiver_id text NOT NULL REFERENCES alert_receivers (id) ON DELETE CASCADE,
  event text NOT NULL CHECK (event IN ('firing', 'resolved')),
  -- What there is to say, independent of the way it is sent.
  facts jsonb NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sent', 'failed')),
  attempts integer NOT NULL DEFAULT 0,
  run_at timestamptz NOT NULL,
  locked_until timestamptz,
  last_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  finished_at timestamptz,
  UNIQUE (firing_id, receiver_id, event)
);
CREATE INDEX alert_deliveries_due ON alert_deliveries (run_at) WHERE state = 'pending';
CREATE INDEX alert_deliveries_by_project ON alert_deliveries (project_id, id DESC);
