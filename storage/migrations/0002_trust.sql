-- What a report is believed for is a matter of each event, and of what was found out about who sent
-- the message.

ALTER TABLE message ADD COLUMN tls_version TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN login TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN returned_path TEXT NOT NULL DEFAULT '';
ALTER TABLE message ADD COLUMN authentication TEXT NOT NULL DEFAULT '';  -- resinfo of RFC 8601
ALTER TABLE event ADD COLUMN trust INTEGER NOT NULL DEFAULT 0;  -- 0: as its message
