-- Models and credentials that were registered by the admin API. Whatever a provider could take for a key lies in the sealed part: AES-256-GCM with the
-- instance secret, its id in the text (lib/sealed.ts).

CREATE TABLE stored_models (
  id text PRIMARY KEY,
  model_name text NOT NULL,
  -- litellm_params as JSON, sealed.
  sealed_params text NOT NULL,
  info jsonb NOT NULL DEFAULT '{}',
  blocked boolean NOT NULL DEFAULT false,
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text
);

CREATE TABLE credentials (
  name text PRIMARY KEY,
  -- credential_values as JSON, sealed.
  sealed_values text NOT NULL,
  info jsonb NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  created_by text,
  updated_at timestamptz NOT NULL DEFAULT now(),
  updated_by text
);
