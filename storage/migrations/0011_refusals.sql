-- Incidents beside quarantines: refusals by a provider, and rates of a stream. Kinds are 2: a refusal,
-- 3: a rate of hard bounces, 4: one of complaints; states also 4: closed.
ALTER TABLE incident ADD COLUMN severity INTEGER NOT NULL DEFAULT 0;  -- 1: warning, 2: critical
ALTER TABLE incident ADD COLUMN provider TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN sender TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN stream TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN code TEXT NOT NULL DEFAULT '';
ALTER TABLE incident ADD COLUMN more_samples TEXT NOT NULL DEFAULT '';  -- a line each
ALTER TABLE incident ADD COLUMN window_count INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN window_total INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN window_length INTEGER NOT NULL DEFAULT 0;  -- in seconds
ALTER TABLE incident ADD COLUMN deliveries_known INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN unverified INTEGER NOT NULL DEFAULT 0;
ALTER TABLE incident ADD COLUMN below_since INTEGER;
ALTER TABLE incident ADD COLUMN acknowledge_time INTEGER;

-- What incidents are found by, of the last day. Written now and then, whole.
CREATE TABLE tally (
  id INTEGER PRIMARY KEY,
  what INTEGER NOT NULL,      -- TallyKey::What
  is_known INTEGER NOT NULL,  -- of a provider: a table names it
  reason INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  name TEXT NOT NULL,
  sender TEXT NOT NULL,
  slots BLOB NOT NULL
) STRICT;
