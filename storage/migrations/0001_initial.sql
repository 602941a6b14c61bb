-- Size is what slows commits down, so every table grows at its end: rows by rowid in order of time,
-- and two trees only whose keys fall anywhere (address_by_hash, message_once). Times are in
-- microseconds since 1970-01-01 UTC, days in whole days since then; NULL as an expiry is "never".
-- Hashes are of 64 bits under the secret in `meta`.

CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;

-- One row for each address of a tenant that an event or a suppression is about. `hash` is that of
-- (tenant, "", canonical) and not unique: the text is compared in full.
CREATE TABLE address (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  risky_until INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  canonical TEXT NOT NULL,
  spelling TEXT,  -- NULL: as canonical
  record BLOB     -- AddressRecord; NULL: an empty one
) STRICT;
CREATE INDEX address_by_hash ON address (hash);
CREATE INDEX address_risky ON address (risky_until) WHERE risky_until > 0;

-- The messages that events rest on, as they came. Shared by the return paths of one transaction.
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  octets INTEGER NOT NULL,      -- unpacked
  codec INTEGER NOT NULL,       -- 1: zstd
  dictionary INTEGER NOT NULL,  -- 0: none
  data BLOB NOT NULL
) STRICT;

CREATE TABLE message (
  id INTEGER PRIMARY KEY,
  first_event_id INTEGER NOT NULL,  -- its events have ids from this one on
  events INTEGER NOT NULL,
  evidence_id INTEGER REFERENCES evidence (id),  -- NULL: not kept
  octets INTEGER NOT NULL,
  receive_time INTEGER NOT NULL,
  day INTEGER NOT NULL,
  trust INTEGER NOT NULL,
  return_path_hash INTEGER NOT NULL,  -- of (tenant, "", return_path)
  digest BLOB NOT NULL,
  tenant TEXT NOT NULL,
  stream TEXT NOT NULL,
  return_path TEXT NOT NULL,
  reverse_path TEXT NOT NULL,
  client_address TEXT NOT NULL,
  client_helo TEXT NOT NULL,
  reporting_mta TEXT NOT NULL,
  report_form TEXT NOT NULL,
  envelope_id TEXT NOT NULL,
  return_path_key TEXT NOT NULL,
  message_reference TEXT NOT NULL
) STRICT;
-- For "once", and to count what came to one return path.
CREATE UNIQUE INDEX message_once ON message (return_path_hash, digest);

CREATE TABLE event (
  id INTEGER PRIMARY KEY,
  message_id INTEGER NOT NULL REFERENCES message (id),
  address_id INTEGER REFERENCES address (id),  -- NULL: nobody is vouched for
  kind INTEGER NOT NULL,
  reason INTEGER NOT NULL,
  bounce_class INTEGER NOT NULL,
  fault INTEGER NOT NULL,
  persistence INTEGER NOT NULL,
  stage INTEGER NOT NULL,
  reply_code INTEGER NOT NULL,
  counts INTEGER NOT NULL,
  text_bears_out INTEGER NOT NULL,
  confidence INTEGER NOT NULL,
  effect INTEGER NOT NULL,
  policy_rule INTEGER NOT NULL,
  enhanced_status TEXT NOT NULL,
  rule TEXT NOT NULL,
  final_recipient TEXT NOT NULL,
  original_recipient TEXT NOT NULL,
  forwarded_to TEXT NOT NULL,
  diagnostic_type TEXT NOT NULL,
  remote_mta TEXT NOT NULL,
  provenance TEXT NOT NULL,
  matched_text TEXT NOT NULL,
  diagnostic TEXT NOT NULL
) STRICT;
CREATE INDEX event_by_address ON event (address_id, id) WHERE address_id IS NOT NULL;

-- `hash` is that of (tenant, stream, canonical), so that the index in memory is read from this
-- table alone. A suppression that is replaced keeps its id.
CREATE TABLE suppression (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  expire_time INTEGER,
  address_id INTEGER NOT NULL REFERENCES address (id),
  stream TEXT NOT NULL,
  source INTEGER NOT NULL,
  bounce_class INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  event_id INTEGER NOT NULL,  -- 0: none
  reason TEXT NOT NULL,
  explanation TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX suppression_once ON suppression (address_id, stream, source);

-- What was done to suppressions, for good. Numbers are given inside the transaction and have no
-- gaps. The columns are those of the suppression afterwards (before, when it was removed); was_* are
-- those that it replaced.
CREATE TABLE change (
  number INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  what INTEGER NOT NULL,
  address_id INTEGER NOT NULL REFERENCES address (id),
  author TEXT NOT NULL,
  cause TEXT NOT NULL,
  stream TEXT NOT NULL,
  source INTEGER NOT NULL,
  bounce_class INTEGER NOT NULL,
  create_time INTEGER NOT NULL,
  expire_time INTEGER,
  event_id INTEGER NOT NULL,
  reason TEXT NOT NULL,
  explanation TEXT NOT NULL,
  was_bounce_class INTEGER,  -- NULL: it replaced nothing
  was_create_time INTEGER,
  was_expire_time INTEGER,
  was_event_id INTEGER,
  was_reason TEXT,
  was_explanation TEXT
) STRICT;
CREATE INDEX change_by_address ON change (address_id, number);
