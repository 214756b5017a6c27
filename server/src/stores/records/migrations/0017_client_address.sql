-- Where a call came from: the connection's address, or what a listed proxy says (--trusted-proxies); null where nobody knows.
ALTER TABLE ledger ADD COLUMN client_address text;
