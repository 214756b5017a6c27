-- What real calls to deployments showed (/health and the background checks), for /health/history and /health/latest.

CREATE TABLE health_checks (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  model_name text NOT NULL,
  model_id text NOT NULL,
  is_healthy boolean NOT NULL,
  -- Redacted; null when healthy.
  error text,
  latency_ms integer NOT NULL,
  checked_by text NOT NULL,
  checked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX health_checks_newest ON health_checks (model_id, checked_at DESC);
CREATE INDEX health_checks_by_time ON health_checks (checked_at);
