-- Media of traces and dataset items, comments, annotation queues.

CREATE TABLE media (
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  -- The first 22 characters of the content's SHA-256 in base64url.
  id text NOT NULL,
  sha256_hash text NOT NULL,
  content_type text NOT NULL,
  content_length bigint NOT NULL,
  -- Null until the content is here.
  uploaded_at timestamptz,
  upload_http_status integer,
  upload_http_error text,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, id)
);

-- Where a medium stands; '' for what is not named, so that a link is there once.
CREATE TABLE media_links (
  project_id text NOT NULL,
  media_id text NOT NULL,
  trace_id text NOT NULL DEFAULT '',
  observation_id text NOT NULL DEFAULT '',
  dataset_id text NOT NULL DEFAULT '',
  dataset_item_id text NOT NULL DEFAULT '',
  field text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (project_id, media_id, trace_id, observation_id, dataset_id, dataset_item_id, field),
  FOREIGN KEY (project_id, media_id) REFERENCES media (project_id, id) ON DELETE CASCADE
);
CREATE INDEX media_links_by_trace ON media_links (project_id, trace_id) WHERE trace_id <> '';

CREATE TABLE comments (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  object_type text NOT NULL CHECK (object_type IN ('TRACE', 'OBSERVATION', 'SESSION', 'PROMPT')),
  object_id text NOT NULL,
  content text NOT NULL,
  author_user_id text,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX comments_by_object ON comments (project_id, object_type, object_id);
CREATE INDEX comments_by_time ON comments (project_id, created_at DESC, id);

CREATE TABLE annotation_queues (
  id text PRIMARY KEY,
  project_id text NOT NULL REFERENCES projects (id) ON DELETE CASCADE,
  name text NOT NULL,
  description text,
  score_config_ids text[] NOT NULL DEFAULT '{}',
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now(),
  UNIQUE (project_id, name)
);

CREATE TABLE annotation_queue_items (
  id text PRIMARY KEY,
  project_id text NOT NULL,
  queue_id text NOT NULL REFERENCES annotation_queues (id) ON DELETE CASCADE,
  object_type text NOT NULL CHECK (object_type IN ('TRACE', 'OBSERVATION', 'SESSION')),
  object_id text NOT NULL,
  status text NOT NULL CHECK (status IN ('PENDING', 'COMPLETED')),
  completed_at timestamptz,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX annotation_queue_items_by_queue ON annotation_queue_items (queue_id, created_at DESC, id);

CREATE TABLE annotation_queue_assignments (
  queue_id text NOT NULL REFERENCES annotation_queues (id) ON DELETE CASCADE,
  user_id text NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  project_id text NOT NULL,
  created_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (queue_id, user_id)
);
