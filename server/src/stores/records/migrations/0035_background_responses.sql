-- Responses that run in the background of their upstream: what each holds of its owner's budgets until it ends, and what it is then written down as.

CREATE TABLE background_responses (
  -- The call's.
  id text PRIMARY KEY,
  deployment_id text NOT NULL,
  -- Null until the upstream has said what it calls it; whose it is stands in stored_responses.
  response_id text,
  -- The call's record but for its end, and the request where its content may be kept (until the end).
  call jsonb NOT NULL,
  request bytea,
  -- What it holds (a row of the ledger with an unknown end), and the accounts of budgets that count it.
  reserved numeric(38, 12),
  accounts text[] NOT NULL DEFAULT '{}',
  status text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz,
  -- Of the next look: when, how often in vain, and whose it is until then.
  next_at timestamptz NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  locked_until timestamptz,
  last_error text
);
CREATE INDEX background_responses_due ON background_responses (next_at) WHERE settled_at IS NULL;
CREATE INDEX background_responses_open ON background_responses (response_id) WHERE settled_at IS NULL;
CREATE INDEX background_responses_settled ON background_responses (settled_at) WHERE settled_at IS NOT NULL;
