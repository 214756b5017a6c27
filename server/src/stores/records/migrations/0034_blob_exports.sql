-- Scheduled exports of a project to a bucket of somebody's: where to, how often, and how far they have come.

CREATE TABLE blob_exports (
  id text PRIMARY KEY,
  project_id text NOT NULL UNIQUE REFERENCES projects (id) ON DELETE CASCADE,
  type text NOT NULL CHECK (type IN ('S3', 'S3_COMPATIBLE')),
  bucket_name text NOT NULL,
  endpoint text,
  region text NOT NULL,
  access_key_id text NOT NULL,
  -- The secret access key, sealed with the instance secret (lib/sealed.ts).
  sealed_secret text NOT NULL,
  prefix text NOT NULL,
  export_frequency text NOT NULL CHECK (export_frequency IN ('every_20_minutes', 'hourly', 'daily', 'weekly')),
  enabled boolean NOT NULL,
  force_path_style boolean NOT NULL,
  file_type text NOT NULL CHECK (file_type IN ('JSON', 'CSV', 'JSONL', 'PARQUET')),
  export_mode text NOT NULL CHECK (export_mode IN ('FULL_HISTORY', 'FROM_TODAY', 'FROM_CUSTOM_DATE')),
  export_start_date timestamptz,
  compressed boolean NOT NULL,
  export_field_groups text[] NOT NULL,
  -- When it was told to begin where it begins.
  begun_at timestamptz NOT NULL DEFAULT now(),
  -- End of the last window whose files are all written.
  last_sync_at timestamptz,
  -- When the next window may be written; null = not known yet.
  next_sync_at timestamptz,
  -- Not before this, after a failure.
  retry_at timestamptz,
  failures integer NOT NULL DEFAULT 0,
  last_error text,
  last_error_at timestamptz,
  -- Who is writing, until when nobody else may.
  locked_by text,
  locked_until timestamptz,
  -- When a writer last took it: they take turns.
  taken_at timestamptz,
  -- Counts changes: what is being written for an older form is not counted as done.
  revision integer NOT NULL DEFAULT 1,
  created_at timestamptz NOT NULL DEFAULT now(),
  updated_at timestamptz NOT NULL DEFAULT now()
);
