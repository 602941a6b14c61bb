-- Return paths under our MAC stand by their day of issue first: those that answer for one mailing are
-- neighbours then, and few pages change with each commit, however many messages are stored.
DROP INDEX message_once;
CREATE UNIQUE INDEX message_once ON message (
  CASE WHEN return_path_key <> '' AND returned_path = '' THEN day ELSE 0 END, return_path_hash, digest
);
