-- Prompts: one row a version. Contents are json, not jsonb: members come back in the order in which they were sent.

CREATE TABLE prompts (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  version integer NOT NULL CHECK (version > 0),
  type text NOT NULL CHECK (type IN ('text', 'chat')),
  prompt json NOT NULL,
  config json NOT NULL DEFAULT '{}',
  -- A label stands on at most one version of a name; the newest version has `latest`.
  labels text[] NOT NULL DEFAULT '{}',
  -- The same on every version of a name.
  tags text[] NOT NULL DEFAULT '{}',
  commit_message text,
  created_by text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, name, version)
);

-- Which prompts a version is composed of: what may not be deleted under it.
CREATE TABLE prompt_dependencies (
  parent_id text NOT NULL REFERENCES prompts (id) ON DELETE CASCADE,
  project_id text NOT NULL,
  child_name text NOT NULL,
  child_version integer,
  child_label text,
  CHECK ((child_version IS NULL) <> (child_label IS NULL))
);
CREATE INDEX prompt_dependencies_by_parent ON prompt_dependencies (parent_id);
CREATE INDEX prompt_dependencies_by_child ON prompt_dependencies (project_id, child_name);
