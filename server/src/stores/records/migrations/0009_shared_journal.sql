-- The order of the journal that machines share: its objects lie in the blob store, where each is the commit of its records; here stands when each is read.

CREATE TABLE journal_shards (
  shard integer PRIMARY KEY,
  -- Taken under the row's lock, so that numbers become visible in their order.
  last_number bigint NOT NULL DEFAULT 0
);
INSERT INTO journal_shards (shard) VALUES (0);

CREATE TABLE journal_objects (
  shard integer NOT NULL REFERENCES journal_shards (shard),
  number bigint NOT NULL,
  key text NOT NULL UNIQUE,
  size_bytes integer NOT NULL,
  records integer NOT NULL,
  registered_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (shard, number)
);

-- Who stores the events of a shard: one process at a time.
CREATE TABLE journal_leases (
  shard integer PRIMARY KEY REFERENCES journal_shards (shard),
  holder text NOT NULL,
  lease_until timestamptz NOT NULL
);
