-- Changes of one tenant in their order, whatever others do; those of one call together; and which
-- change another one undid.

ALTER TABLE change ADD COLUMN tenant TEXT NOT NULL DEFAULT '';
ALTER TABLE change ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;   -- number of the first; 0: none
ALTER TABLE change ADD COLUMN undoes INTEGER NOT NULL DEFAULT 0;  -- from this one on; 0: nothing
UPDATE change SET tenant = (SELECT tenant FROM address WHERE id = address_id);
CREATE INDEX change_by_tenant ON change (tenant, number);
CREATE INDEX change_by_batch ON change (batch, number) WHERE batch > 0;

-- Of the changes up to this number some have been dropped.
INSERT INTO meta (name, value) VALUES ('changes_dropped_up_to', 0);

-- For the MACs of tokens that clients hand back.
INSERT INTO meta (name, value) VALUES ('token_secret', random());
