-- Keys of return paths that no longer count, and what rests on one.

CREATE TABLE revocation (
  domain TEXT NOT NULL,
  key_id TEXT NOT NULL,
  time INTEGER NOT NULL,
  author TEXT NOT NULL,
  PRIMARY KEY (domain, key_id)
) STRICT, WITHOUT ROWID;

-- Those that a suppression can rest on (effects `counted` and `suppressed`): one for each day or so
-- of an address, however many reports come.
CREATE INDEX event_counted ON event (address_id, id) WHERE effect IN (2, 3);
