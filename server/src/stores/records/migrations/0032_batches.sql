-- Files of batches and batches: whose they are, at which deployment, and what a batch holds of its owner's budgets until it ends. Contents stay at the upstream.

CREATE TABLE batch_files (
  -- Ours; the upstream's own id never leaves the gateway.
  id text PRIMARY KEY,
  -- team:<id>, key:<id> or master: nobody else sees it.
  owner text NOT NULL,
  deployment_id text NOT NULL,
  upstream_id text NOT NULL,
  -- Name that the client asked for.
  model text NOT NULL,
  purpose text NOT NULL CHECK (purpose IN ('batch', 'batch_output')),
  filename text NOT NULL,
  size_bytes bigint NOT NULL,
  -- What its lines may use, for the reservation; null for what a batch gave.
  counted jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  expires_at timestamptz,
  UNIQUE (deployment_id, upstream_id)
);
CREATE INDEX batch_files_by_owner ON batch_files (owner, created_at DESC, id);
CREATE INDEX batch_files_expiry ON batch_files (expires_at) WHERE expires_at IS NOT NULL;

CREATE TABLE batches (
  -- batch_ and the call's id.
  id text PRIMARY KEY,
  owner text NOT NULL,
  deployment_id text NOT NULL,
  -- Null until the upstream has said that it has the batch: then it is looked for there.
  upstream_id text,
  model text NOT NULL,
  input_file_id text NOT NULL,
  output_file_id text,
  error_file_id text,
  -- The call as it is written down when the batch ends.
  call jsonb NOT NULL,
  -- What it holds (a row of the ledger with an unknown end), and the accounts of budgets that count it.
  reserved numeric(38, 12),
  accounts text[] NOT NULL DEFAULT '{}',
  -- The batch as the upstream last told it.
  told jsonb NOT NULL,
  status text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  settled_at timestamptz,
  -- Of the background look: when, how often in vain, and whose it is until then.
  next_at timestamptz NOT NULL,
  failures integer NOT NULL DEFAULT 0,
  locked_until timestamptz,
  last_error text
);
CREATE INDEX batches_due ON batches (next_at) WHERE settled_at IS NULL;
CREATE INDEX batches_by_owner ON batches (owner, created_at DESC, id);
CREATE INDEX batches_settled ON batches (settled_at) WHERE settled_at IS NOT NULL;
