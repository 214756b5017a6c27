-- What was taken over from another installation: a second run takes up where the first ended and counts no cent twice.

CREATE TABLE taken_rows (
  -- The installation: whose database or server, and which part of it.
  source text NOT NULL,
  kind text NOT NULL,
  id text NOT NULL,
  -- Of the content as it was understood.
  digest text NOT NULL,
  -- How much of what was spent there is counted here.
  spend numeric(38, 12) NOT NULL DEFAULT 0,
  taken_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (source, kind, id)
);
