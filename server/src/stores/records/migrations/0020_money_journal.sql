-- What calls cost, from gateways that share these records: written in group commits before the ledger has it, so that a machine that is lost with its disk loses none of it.

-- One start of a gateway. It renews its lease; when it stops doing so, another process carries its money into the ledger.
CREATE TABLE money_writers (
  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  holder text NOT NULL,
  lease_until timestamptz NOT NULL,
  -- Nothing more is written under this number: somebody else bills what it left open.
  fenced boolean NOT NULL DEFAULT false
);

CREATE TABLE money_journal (
  writer bigint NOT NULL,
  sequence bigint NOT NULL,
  -- JournalKind: a call began, a call has ended.
  kind smallint NOT NULL,
  record text NOT NULL,
  PRIMARY KEY (writer, sequence)
);
