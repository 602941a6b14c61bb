PRAGMA application_id = 1651401572;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES('index_secret',2024434528946786415);
INSERT INTO meta VALUES('history',939959058560490459);
INSERT INTO meta VALUES('changes_dropped_up_to',3);
INSERT INTO meta VALUES('token_secret',-5663678021105628667);
INSERT INTO meta VALUES('events_dropped_up_to',0);
CREATE TABLE address (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  risky_until INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  canonical TEXT NOT NULL,
  spelling TEXT,  -- NULL: as canonical
  record BLOB     -- AddressRecord; NULL: an empty one
) STRICT;
INSERT INTO address VALUES(1,-6313357422978378646,0,'default','r20343x545928436.0@rcpt.example',NULL,X'0100000176122ff21bd8de430000000000');
INSERT INTO address VALUES(2,-7696217914959370597,0,'default','kept@rcpt.example',NULL,NULL);
INSERT INTO address VALUES(3,-2891373112056890340,0,'default','gone@rcpt.example',NULL,X'010000000000000001b48ac6ea8dd0b006');
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  octets INTEGER NOT NULL,      -- unpacked
  codec INTEGER NOT NULL,       -- 1: zstd
  dictionary INTEGER NOT NULL,  -- 0: none
  data BLOB NOT NULL
) STRICT;
INSERT INTO evidence VALUES(1,4613,1,0,X'28b52ffd600511d51a00a6b09227c092b10e4e563be04a8e750970fecf490242c5cf1542ca4661c89f2eedbfcf82eb2a7658082a108a008c00810057d657e64cb18eb679366b958b36b7f9b3ebd5726b66cf4af198add6e8681b17551620223298eaf2349807872a4339d6196f9b6fb739e8d5975f54661e317b1b62677971d18085432170082124b8848a10c609fe8082d4392cc421d40b5ae37c524d5385503d280668f9a4002e1ae8a09e8cad84c0fbca30d9d1d2ed591b4b3263df3a8fb339685bad091752c616f42c31f606e5637a4c411c4a2d2c1fd61472e32b41d62795ca2b33c81d9ddf73918b2a0b503a78402454420412e978401e9092288fd3e1f54762dc1917051848284849209104844982080f8c84214061bb7256cd76005c34c15a9619bf4da1b32dbf4ff2b5595f837c6546f3a5618f9d6d9c976be76a2d2e82d2f4582dc5b72b1e26e39071d16c1a8f1527f33e956a0c0666951866ad4770ce91b068b6ab5281d790ad1b55fb6d4c81fbce29af79ac6cd3766ca57c9226297218897c92650cffbf8be2a4123f034e122541894a9830a48e58c999752f657351c6f22ac098bc1f7bb35feb39a6b35250779eefb17f4b38d7a619b5fabeafc57eedbbdadbfcee3cdbfa7969d63af6abd92e7a4fca2c085bfc59e50b2a951f7b755e69ed79e507d3db53f6fd957dd9e80ebda3e5e05057ca71a8212a94c70bc0a497e064369883320d3d6392a00425046ac2b8a465af2c93c7ecf5c49ed6f22c9ab1ad1f492f2eea6cb1b8b9a8f464abfad01be1a24f284a6279eee3bb64a50d2e7a97e4a0f7562e7abc38bcd65a9b78cfc245135c675fa8212123c83024c18cd0884a52e8204262886267371200e53c48298490801142200a251e0a481251496e07f43f0ed0a1c6be6507ed306ad94b3b942fb7a64b5e11fe56f18e350aa5b32252feaa2af7795f062d5fb5062cc944ea9b92cd5889c76487c1671115061029c695b0e56b0ebe0b423af48cce4b0150005a051f5781c57009868f1b0e801d54cff03f47068030d2ef93527876001c9923d61e84a9b4e767ac4c86a1ba3dc477e1b88d0544e381d0742b16726c1caa2dd536dd1ada10af2b0bcf2d1b46886083d51d508c15cdd7c0a3d3b47a3ec52279ba44d38a4d984fdd8afd8e97152f015187c6bbb257767365ed2f0939a06a78a7c6a481c5cf6f4402228825c10cfba321875701');
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
, tls_version TEXT NOT NULL DEFAULT '', login TEXT NOT NULL DEFAULT '', returned_path TEXT NOT NULL DEFAULT '', authentication TEXT NOT NULL DEFAULT '', original_return_path TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO message VALUES(1,1,1,1,4613,1795779222548378,20784,4,-7119312589816848145,X'4cb632738e9c76055ec7bc0a41e77511','default','','bo-a---co2gx7axvwubruk-r20343x545928436.0=rcpt.example@bounces.example','','127.0.0.1','mta.sender.example','mta.sender.example','rfc3464','','a','','','','','','');
INSERT INTO message VALUES(2,4095,3,NULL,4613,1795768422548378,20784,4,-7119312589816848145,X'00000000000000000000000000000002','default','','bo-a---co2gx7axvwubruk-r20343x545928436.0=rcpt.example@bounces.example','','127.0.0.1','mta.sender.example','mta.sender.example','rfc3464','','a','','','','','','');
INSERT INTO message VALUES(3,4098,1,NULL,4613,1583020800000000,20784,4,-7119312589816848145,X'00000000000000000000000000000003','default','','bo-a---co2gx7axvwubruk-r20343x545928436.0=rcpt.example@bounces.example','','127.0.0.1','mta.sender.example','mta.sender.example','rfc3464','','a','','','','','','');
INSERT INTO message VALUES(4,4099,1,NULL,4613,1795786422548378,20784,4,-7119312589816848145,X'00000000000000000000000000000004','default','','bo-a---co2gx7axvwubruk-r20343x545928436.0=rcpt.example@bounces.example','','127.0.0.1','mta.sender.example','mta.sender.example','rfc3464','','a','','','','','','');
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
INSERT INTO event VALUES(1,1,1,1,101,1,1,1,4,550,0,1,95,3,3,'5.1.1','no-such-user','r20343x545928436.0@rcpt.example','r20343x545928436.0@rcpt.example','','smtp','mx.rcpt.example','final_recipient=reported original_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported remote_mta=reported','User unknown','<nobody>: Recipient address rejected: User unknown',4);
INSERT INTO event VALUES(4095,2,1,1,101,1,1,1,4,550,0,1,95,1,14,'5.1.1','no-such-user','r20343x545928436.0@rcpt.example','r20343x545928436.0@rcpt.example','','smtp','mx.rcpt.example','final_recipient=reported original_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported remote_mta=reported','User unknown','<nobody>: Recipient address rejected: User unknown',4);
INSERT INTO event VALUES(4096,2,1,1,101,1,1,1,4,550,0,1,95,1,14,'5.1.1','no-such-user','r20343x545928436.0@rcpt.example','r20343x545928436.0@rcpt.example','','smtp','mx.rcpt.example','final_recipient=reported original_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported remote_mta=reported','User unknown','<nobody>: Recipient address rejected: User unknown',4);
INSERT INTO event VALUES(4097,2,1,1,101,1,1,1,4,550,0,1,95,1,14,'5.1.1','no-such-user','r20343x545928436.0@rcpt.example','r20343x545928436.0@rcpt.example','','smtp','mx.rcpt.example','final_recipient=reported original_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported remote_mta=reported','User unknown','<nobody>: Recipient address rejected: User unknown',4);
INSERT INTO event VALUES(4098,3,1,1,101,1,1,1,4,550,0,1,95,1,14,'5.1.1','no-such-user','r20343x545928436.0@rcpt.example','r20343x545928436.0@rcpt.example','','smtp','mx.rcpt.example','final_recipient=reported original_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported remote_mta=reported','User unknown','<nobody>: Recipient address rejected: User unknown',4);
INSERT INTO event VALUES(4099,4,1,1,101,1,1,1,4,550,0,1,95,1,14,'5.1.1','no-such-user','r20343x545928436.0@rcpt.example','r20343x545928436.0@rcpt.example','','smtp','mx.rcpt.example','final_recipient=reported original_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported remote_mta=reported','User unknown','<nobody>: Recipient address rejected: User unknown',4);
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
, incident_id INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO suppression VALUES(1,-6313357422978378646,NULL,1,'',1,1,1795779222548440,1,'no_such_user','The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).',0);
INSERT INTO suppression VALUES(2,3653420562670903038,NULL,2,'news',4,4,1795779222587502,0,'asked','',0);
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
, incident_id INTEGER NOT NULL DEFAULT 0, was_incident_id INTEGER, tenant TEXT NOT NULL DEFAULT '', batch INTEGER NOT NULL DEFAULT 0, undoes INTEGER NOT NULL DEFAULT 0) STRICT;
INSERT INTO change VALUES(1,1795779222548440,1,1,'policy','hard_certain','',1,1,1795779222548440,NULL,1,'no_such_user','The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'default',0,0);
INSERT INTO change VALUES(2,1795779222587524,1,2,'bouncectl','asked','news',4,4,1795779222587502,NULL,0,'asked','',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'default',0,0);
INSERT INTO change VALUES(4,1795779222618778,3,3,'bouncectl','a mistake','',4,4,1795779222602822,NULL,0,'manual','',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'default',0,0);
INSERT INTO change VALUES(5,1795779222700000,4,2,'bouncectl','a friend','',4,4,1795779222700000,NULL,0,'allowed','a friend',NULL,NULL,NULL,NULL,NULL,NULL,0,NULL,'default',0,0);
CREATE TABLE revocation (
  domain TEXT NOT NULL,
  key_id TEXT NOT NULL,
  time INTEGER NOT NULL,
  author TEXT NOT NULL,
  PRIMARY KEY (domain, key_id)
) STRICT, WITHOUT ROWID;
CREATE TABLE allowance (
  address_id INTEGER NOT NULL PRIMARY KEY REFERENCES address (id),
  create_time INTEGER NOT NULL,
  author TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;
INSERT INTO allowance VALUES(2,1795779222700000,'bouncectl','a friend');
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
, severity INTEGER NOT NULL DEFAULT 0, provider TEXT NOT NULL DEFAULT '', sender TEXT NOT NULL DEFAULT '', stream TEXT NOT NULL DEFAULT '', code TEXT NOT NULL DEFAULT '', more_samples TEXT NOT NULL DEFAULT '', window_count INTEGER NOT NULL DEFAULT 0, window_total INTEGER NOT NULL DEFAULT 0, window_length INTEGER NOT NULL DEFAULT 0, deliveries_known INTEGER NOT NULL DEFAULT 0, unverified INTEGER NOT NULL DEFAULT 0, below_since INTEGER, acknowledge_time INTEGER) STRICT;
INSERT INTO incident VALUES(9,2,1,'default','',0,20,'550 blocked',1764158400000000,1764158400000000,30,NULL,'','',1,'gmail','','','','',0,0,0,0,0,NULL,NULL);
CREATE TABLE api_key (
  number INTEGER PRIMARY KEY,  -- in the order in which they were made
  id TEXT NOT NULL,
  name TEXT NOT NULL,
  tenant TEXT,             -- NULL: all of them
  roles INTEGER NOT NULL,  -- bit n stands for the role of number n
  token_hash BLOB NOT NULL,
  create_time INTEGER NOT NULL,
  author TEXT NOT NULL,
  expire_time INTEGER,
  revoke_time INTEGER,
  revoke_author TEXT NOT NULL DEFAULT '',
  last_use_time INTEGER
) STRICT;
CREATE TABLE policy_document (
  revision INTEGER PRIMARY KEY,
  time INTEGER NOT NULL,
  author TEXT NOT NULL,
  cause TEXT NOT NULL,
  document TEXT NOT NULL
) STRICT;
INSERT INTO policy_document VALUES(1,1764158400000000,'ann','a trial',replace('[[tenant]]\nname = "acme"\n','\n',char(10)));
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
CREATE TABLE former_record (
  change INTEGER PRIMARY KEY,
  risky_until INTEGER NOT NULL,
  record BLOB,      -- AddressRecord, as in address
  next_record BLOB  -- the one that took its place
) STRICT;
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
CREATE TABLE forgotten (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  secret INTEGER NOT NULL,
  time INTEGER NOT NULL  -- the last time
) STRICT;
CREATE INDEX address_by_hash ON address (hash);
CREATE INDEX address_risky ON address (risky_until) WHERE risky_until > 0;
CREATE INDEX event_by_address ON event (address_id, id) WHERE address_id IS NOT NULL;
CREATE UNIQUE INDEX suppression_once ON suppression (address_id, stream, source);
CREATE INDEX change_by_address ON change (address_id, number);
CREATE INDEX event_counted ON event (address_id, id) WHERE effect IN (2, 3);
CREATE INDEX address_wide ON address (id) WHERE tenant = '*' OR substr(canonical, 1, 1) = '@';
CREATE INDEX incident_open ON incident (id) WHERE state = 1;
CREATE INDEX suppression_held ON suppression (incident_id) WHERE incident_id > 0;
CREATE UNIQUE INDEX api_key_once ON api_key (id);
CREATE INDEX change_by_tenant ON change (tenant, number);
CREATE INDEX change_by_batch ON change (batch, number) WHERE batch > 0;
CREATE INDEX former_event_of_change ON former_event (change);
CREATE INDEX former_event_of_event ON former_event (event_id);
CREATE TRIGGER former_of_change AFTER DELETE ON change WHEN OLD.what = 6 BEGIN
  DELETE FROM former_event WHERE change = OLD.number;
  DELETE FROM former_record WHERE change = OLD.number;
END;
CREATE TRIGGER former_of_event AFTER DELETE ON event BEGIN
  DELETE FROM former_event WHERE event_id = OLD.id;
END;
CREATE UNIQUE INDEX forgotten_once ON forgotten (hash, secret);
CREATE INDEX event_by_message ON event (message_id);
CREATE INDEX message_by_evidence ON message (evidence_id) WHERE evidence_id IS NOT NULL;
CREATE UNIQUE INDEX message_once ON message (
  CASE WHEN return_path_key <> '' AND returned_path = '' THEN day ELSE 0 END, return_path_hash, digest
);
COMMIT;
PRAGMA user_version = 14;
