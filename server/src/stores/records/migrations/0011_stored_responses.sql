-- Responses (OpenAI Responses) that a later call may go on from. Where the upstream keeps the content itself only its place is known here; elsewhere the turn stands
-- here: what came in, what went out. Gone for good with a DELETE or when its time is over.

CREATE TABLE stored_responses (
  id text PRIMARY KEY,
  -- team:<id>, key:<id> or master: nobody else sees it.
  owner text NOT NULL,
  previous_id text,
  deployment_id text NOT NULL,
  -- JSON texts; null = the deployment's upstream keeps them.
  input text,
  response text,
  size_bytes integer NOT NULL DEFAULT 0,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz NOT NULL
);

CREATE INDEX stored_responses_expiry ON stored_responses (expires_at);
