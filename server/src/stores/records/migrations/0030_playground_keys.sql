-- The virtual key by which a person's calls out of the playground are governed in a project: never shown, sealed by the instance secret.
CREATE TABLE playground_keys (
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  user_id text NOT NULL,
  -- Of virtual_keys; without a foreign key: a deleted key is made anew.
  key_id text NOT NULL,
  sealed_key text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, user_id)
);
