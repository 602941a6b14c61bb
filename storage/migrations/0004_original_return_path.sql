-- What the sender of the report first had for the return path (ORCPT; RFC 3461, 4.2).

ALTER TABLE message ADD COLUMN original_return_path TEXT NOT NULL DEFAULT '';
