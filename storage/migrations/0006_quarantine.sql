-- What a person is asked about. Times are as elsewhere; NULL as resolve_time is "not yet".
CREATE TABLE incident (
  id INTEGER PRIMARY KEY,
  kind INTEGER NOT NULL,       -- 1: a quarantine
  state INTEGER NOT NULL,      -- 1: open, 2: confirmed, 3: released
  tenant TEXT NOT NULL,
  domain TEXT NOT NULL,
  text_hash INTEGER NOT NULL,  -- of what was said, without what differs from one to the next
  reason INTEGER NOT NULL,
  sample TEXT NOT NULL,        -- what was said of one of them
  first_time INTEGER NOT NULL,
  last_time INTEGER NOT NULL,
  count INTEGER NOT NULL,
  resolve_time INTEGER,
  author TEXT NOT NULL,
  cause TEXT NOT NULL
) STRICT;
CREATE INDEX incident_open ON incident (id) WHERE state = 1;

-- The open incident that holds a suppression, which is then not in force; 0: none does.
ALTER TABLE suppression ADD COLUMN incident_id INTEGER NOT NULL DEFAULT 0;
CREATE INDEX suppression_held ON suppression (incident_id) WHERE incident_id > 0;
ALTER TABLE change ADD COLUMN incident_id INTEGER NOT NULL DEFAULT 0;
ALTER TABLE change ADD COLUMN was_incident_id INTEGER;
