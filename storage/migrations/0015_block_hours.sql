-- From which hour to which the rows of a block of ids are, so that a list of a time passes over the
-- blocks that have nothing of it. Ids go with time but for old mail and clocks that were wrong.
CREATE TABLE block_hours (
  what INTEGER NOT NULL,        -- 1: events by id, 2: changes by number
  block INTEGER NOT NULL,       -- id / 4096
  first_hour INTEGER NOT NULL,  -- whole hours since 1970-01-01 UTC; 0: that one, or any before
  last_hour INTEGER NOT NULL,
  PRIMARY KEY (what, block)
) STRICT, WITHOUT ROWID;

INSERT INTO block_hours (what, block, first_hour, last_hour)
  SELECT 1, event.id / 4096, max(receive_time, 0) / 3600000000, max(receive_time, 0) / 3600000000
  FROM message CROSS JOIN event ON message_id = message.id WHERE true
  ON CONFLICT DO UPDATE SET first_hour = min(first_hour, excluded.first_hour),
    last_hour = max(last_hour, excluded.last_hour)
  WHERE excluded.first_hour < first_hour OR excluded.last_hour > last_hour;
INSERT INTO block_hours (what, block, first_hour, last_hour)
  SELECT 2, number / 4096, max(time, 0) / 3600000000, max(time, 0) / 3600000000
  FROM change WHERE true
  ON CONFLICT DO UPDATE SET first_hour = min(first_hour, excluded.first_hour),
    last_hour = max(last_hour, excluded.last_hour)
  WHERE excluded.first_hour < first_hour OR excluded.last_hour > last_hour;
