-- Receivers of finished calls that keys and teams brought along. Addresses and keys lie in the sealed part.

CREATE TABLE callback_targets (
  scope text NOT NULL CHECK (scope IN ('team', 'key')),
  scope_id text NOT NULL,
  name text NOT NULL,
  on_success boolean NOT NULL,
  on_failure boolean NOT NULL,
  -- Variables as JSON, sealed with the instance secret.
  sealed_variables text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (scope, scope_id, name)
);

-- Teams that no receiver is told of.
CREATE TABLE callback_silent_teams (
  team_id text PRIMARY KEY,
  created_at timestamptz NOT NULL DEFAULT now()
);

-- Settings that were registered while the platform runs (/config/update): every value sealed.
CREATE TABLE stored_settings (
  section text NOT NULL,
  name text NOT NULL,
  -- The value as JSON, sealed with the instance secret.
  sealed_value text NOT NULL,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text,
  PRIMARY KEY (section, name)
);

-- Alerts that were sent: each is sent once by all processes together.
CREATE TABLE sent_alerts (
  event text NOT NULL,
  subject text NOT NULL,
  -- What makes it a new one: a budget's window, an hour.
  occasion text NOT NULL,
  sent_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (event, subject, occasion)
);
