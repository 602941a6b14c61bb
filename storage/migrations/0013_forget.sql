-- What has been forgotten, so that no restore brings it back. `hash` is that of (tenant, "",
-- canonical) under `secret`: that of the database in which it was forgotten, which may be another.
CREATE TABLE forgotten (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  secret INTEGER NOT NULL,
  time INTEGER NOT NULL  -- the last time
) STRICT;
CREATE UNIQUE INDEX forgotten_once ON forgotten (hash, secret);

-- What has had its time goes, and SQLite then asks who refers to it. Both grow at their end.
CREATE INDEX event_by_message ON event (message_id);
CREATE INDEX message_by_evidence ON message (evidence_id) WHERE evidence_id IS NOT NULL;

-- Of the events up to this id some have been dropped; none gets such an id again.
INSERT INTO meta (name, value) VALUES ('events_dropped_up_to', 0);

-- Who takes the texts of an event away takes those from before with them, also where it has no diagnostic.
DROP TRIGGER former_text;
