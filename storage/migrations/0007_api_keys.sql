-- Who may call the API. Of a key's token SHA-256 is kept, and nothing that it could be made from.

CREATE TABLE api_key (
  number INTEGER PRIMARY KEY,  -- in the order in which they were made
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  tenant TEXT,             -- NULL: all of them
  roles INTEGER NOT NULL,  -- bit n stands for the role of number n
  token_hash BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  author TEXT NOT NULL,
  expire_time INTEGER,
  revoke_time INTEGER,
  revoke_author TEXT NOT NULL DEFAULT '',
  last_use_time INTEGER
) STRICT;
CREATE UNIQUE INDEX api_key_once ON api_key (id);
