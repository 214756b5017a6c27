-- Views of lists that people keep under a name and share in their project: filters, range, search and columns as the page's link holds them.

CREATE TABLE saved_views (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  -- Which list: traces, observations, sessions, scores.
  list text NOT NULL,
  name text NOT NULL,
  state jsonb NOT NULL,
  -- Who kept it; null for a key.
  created_by text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, list, name)
);
