-- Secrets that open realtime sessions: by hash, in the name of the key that asked for them, until they are over.

CREATE TABLE realtime_secrets (
  hash text PRIMARY KEY,
  -- SHA-256 of the key that made it.
  key_id text NOT NULL,
  model text NOT NULL,
  session text NOT NULL,
  expires_at timestamptz NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX realtime_secrets_over ON realtime_secrets (expires_at);
