-- What was applied over the API, newest last: a document of policies of tenants and streams.
CREATE TABLE policy_document (
  revision INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  author TEXT NOT NULL,
  cause TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT;
