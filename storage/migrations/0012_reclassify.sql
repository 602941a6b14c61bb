-- What events were taken for, and what was counted of their addresses, until the rules and policies of
-- a later day were run over them: what an undo puts back. `change` is the number of the change that
-- tells of it.

CREATE TABLE former_event (
  id INTEGER PRIMARY KEY,
  change INTEGER NOT NULL,
  event_id INTEGER NOT NULL,
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
  matched_text TEXT NOT NULL
) STRICT;
CREATE INDEX former_event_of_change ON former_event (change);
CREATE INDEX former_event_of_event ON former_event (event_id);

CREATE TABLE former_record (
  change INTEGER PRIMARY KEY,
  risky_until INTEGER NOT NULL,
  record BLOB,      -- AddressRecord, as in address
  next_record BLOB  -- the one that took its place
) STRICT;

-- They last no longer than what they tell of.
CREATE TRIGGER former_of_change AFTER DELETE ON change WHEN OLD.what = 6 BEGIN
  DELETE FROM former_event WHERE change = OLD.number;
  DELETE FROM former_record WHERE change = OLD.number;
END;
CREATE TRIGGER former_of_event AFTER DELETE ON event BEGIN
  DELETE FROM former_event WHERE event_id = OLD.id;
END;
-- Nor does the text of an event whose own is taken away.
CREATE TRIGGER former_text AFTER UPDATE OF diagnostic ON event
  WHEN NEW.diagnostic = '' AND OLD.diagnostic <> '' BEGIN
  UPDATE former_event SET matched_text = '' WHERE event_id = OLD.id;
END;

-- Runs that reclassify for good. `next` is the cursor behind the last address that is done.
CREATE TABLE reclassification (
  id INTEGER PRIMARY KEY,
  tenant TEXT NOT NULL,
  selection BLOB NOT NULL,
  author TEXT NOT NULL,
  cause TEXT NOT NULL,
  next INTEGER NOT NULL DEFAULT 0,
  batch INTEGER NOT NULL DEFAULT 0,
  is_done INTEGER NOT NULL DEFAULT 0
) STRICT;
