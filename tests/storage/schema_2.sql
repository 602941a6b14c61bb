PRAGMA application_id = 1651401572;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES('index_secret',-5750897021512089446);
CREATE TABLE address (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  risky_until INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  canonical TEXT NOT NULL,
  spelling TEXT,  -- NULL: as canonical
  record BLOB     -- AddressRecord; NULL: an empty one
) STRICT;
INSERT INTO address VALUES(1,6607653019542138508,0,'default','r@example.org',NULL,NULL);
INSERT INTO address VALUES(2,-8967554325256788326,20543,'default','s@example.org',NULL,X'010001c2c002000000000000');
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  octets INTEGER NOT NULL,      -- unpacked
  codec INTEGER NOT NULL,       -- 1: zstd
  dictionary INTEGER NOT NULL,  -- 0: none
  data BLOB NOT NULL
) STRICT;
INSERT INTO evidence VALUES(1,27,1,0,X'28b52ffd201bd900005375626a6563743a20310d0a0d0a497420626f756e6365642e0d0a');
INSERT INTO evidence VALUES(2,27,1,0,X'28b52ffd201bd900005375626a6563743a20320d0a0d0a497420626f756e6365642e0d0a');
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
, tls_version TEXT NOT NULL DEFAULT '', login TEXT NOT NULL DEFAULT '', returned_path TEXT NOT NULL DEFAULT '', authentication TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO message VALUES(1,1,1,1,27,1772366400000000,20513,4,-480255519592348258,X'01000000000000000000000000000000','default','news','bo-a---ckfy2tf7e4udni4-r=example.org@bounces.example.net','','192.0.2.1','','','rfc3464','','a','','','','','');
INSERT INTO message VALUES(2,2,1,2,27,1772366400000000,20513,1,-6563574320044299626,X'02000000000000000000000000000000','default','news','plain@bounces.example.net','','192.0.2.1','','','rfc3464','','a','','TLSv1.3','relay','bo-a---ckfoh4px2rkthgu-s=example.org@bounces.example.net','spf=pass smtp.helo=mx.example');
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
, trust INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO event VALUES(1,1,1,1,101,1,1,0,0,550,0,0,95,3,3,'5.1.1','no-such-user','','','','','','','','5.1.1 no such user',4);
INSERT INTO event VALUES(2,2,2,1,105,2,1,0,0,550,0,0,95,2,6,'5.1.1','no-such-user','','','','','','','','5.1.1 no such user',3);
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
INSERT INTO suppression VALUES(1,6607653019542138508,NULL,1,'',1,1,1772366400000000,1,'no_such_user','There is no such mailbox.');
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
INSERT INTO change VALUES(1,1772366400000000,1,1,'policy','hard_certain','',1,1,1772366400000000,NULL,1,'no_such_user','There is no such mailbox.',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX address_by_hash ON address (hash);
CREATE INDEX address_risky ON address (risky_until) WHERE risky_until > 0;
CREATE UNIQUE INDEX message_once ON message (return_path_hash, digest);
CREATE INDEX event_by_address ON event (address_id, id) WHERE address_id IS NOT NULL;
CREATE UNIQUE INDEX suppression_once ON suppression (address_id, stream, source);
CREATE INDEX change_by_address ON change (address_id, number);
COMMIT;
PRAGMA user_version = 2;
