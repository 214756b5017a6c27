-- How evaluators reach models. Keys and the values of extra headers lie in the sealed part: AES-256-GCM with the instance secret (lib/sealed.ts).

CREATE TABLE llm_connections (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  -- The name that evaluators call it by.
  provider text NOT NULL,
  adapter text NOT NULL,
  -- {"secretKey", "extraHeaders"} as JSON, sealed.
  sealed_secret text NOT NULL,
  display_secret_key text NOT NULL,
  base_url text,
  custom_models text[] NOT NULL DEFAULT '{}',
  with_default_models boolean NOT NULL DEFAULT true,
  extra_header_keys text[] NOT NULL DEFAULT '{}',
  config jsonb,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, provider)
);
