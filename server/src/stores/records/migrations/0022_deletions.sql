-- Deletions with their receipts: what was asked for, when it was hidden from every read, when no file held it any longer. No foreign keys: a receipt outlives its project.

CREATE TABLE deletions (
  id text PRIMARY KEY,
  organization_id text NOT NULL DEFAULT '',
  project_id text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('traces', 'score', 'project')),
  -- Ids of traces, or of the score.
  subjects text[] NOT NULL,
  requested_at timestamptz NOT NULL DEFAULT now(),
  -- Journal sequence of what was acknowledged before it was asked for; null = whoever stores knows better.
  accepted_up_to numeric(20, 0),
  -- No read finds it.
  hidden_at timestamptz,
  -- What was received up to here may lie in the journal.
  hidden_sequence numeric(20, 0),
  -- Ids of observations and scores of the traces, until the journal is clean.
  entity_ids text[] NOT NULL DEFAULT '{}',
  -- No part that is read holds it.
  purged_at timestamptz,
  -- No archived journal record holds it.
  archived_at timestamptz,
  -- No file holds it.
  gone_at timestamptz,
  -- { observations, traces, scores, deadLetters, comments, queueItems, media, archivedRecords }
  counts jsonb NOT NULL DEFAULT '{}',
  -- Bytes of the rows before compression, of media and of journal records.
  bytes bigint NOT NULL DEFAULT 0
);
CREATE INDEX deletions_by_project ON deletions (project_id, requested_at DESC, id);
CREATE INDEX deletions_open ON deletions (requested_at) WHERE gone_at IS NULL;
CREATE INDEX deletions_by_subject ON deletions USING gin (subjects);

-- Whoever stores hears of a new one; whoever holds a journal closes its segment.
CREATE FUNCTION notify_deletion() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('genai_deletions', NEW.id);
  RETURN NULL;
END $$;
CREATE TRIGGER deletions_requested AFTER INSERT ON deletions FOR EACH ROW EXECUTE FUNCTION notify_deletion();
