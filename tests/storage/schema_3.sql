PRAGMA application_id = 1651401572;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES('index_secret',-6425340513803691992);
CREATE TABLE address (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  risky_until INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  canonical TEXT NOT NULL,
  spelling TEXT,  -- NULL: as canonical
  record BLOB     -- AddressRecord; NULL: an empty one
) STRICT;
INSERT INTO address VALUES(1,6394904124818003678,0,'default','r15893x856321917.0@rcpt.example',NULL,X'0100000129ac8c17bedc56420000000000');
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  octets INTEGER NOT NULL,      -- unpacked
  codec INTEGER NOT NULL,       -- 1: zstd
  dictionary INTEGER NOT NULL,  -- 0: none
  data BLOB NOT NULL
) STRICT;
INSERT INTO evidence VALUES(1,4613,1,0,X'28b52ffd600511d51a00a6b09227c092b10e4f563be04a8e750970fecf490242c5cf1542cac6c829f809a7cb7ec175153bac6d03088a008c00810057d657e64c318ea681366b957b9adbfcd9f56ab933b367ad78cc566f70348d7b14860809cca5b2c0cc05e2a1c24c8e75c69be6dbed0e7ab5e517959847cc5e87d8595adc1ba86c2a042e499244f0081525294ed21328897a878d3802f582d6369754d35441aa03aa41aa7c5200f70642b493b19d10785f1926431ddd9eb5712433f68df338bb83b6d5991851c6f6f32c31f6fee4637a4c3f1b4a2d2c21d61672e32b3fd62595ca2b33c8a1ce10bae71e85418a2093c2441d243c22a10385c8638a268ff301b64762dc18f7020c22944445101e0a9029922007974843c0c276e5ac9ae500b827c15a9619c36da1b32dc34bf2b5595f837c6546f3a5618f9d6d1b986be76a2bee49d1f4582dc5b72de005f380716f360d8fd506033d95660c0666951866ad4b6cbe99a864b6ab52815790ad1c55fb6d5c81fbce299f79a46cd3726c9d7c8aa6e871e9f1b824cb18fe7ff7e2a4125f439a222a92224a61ca8842919233ebdec9e65ec6f22ac098bc1e7bb35fdb39a6b3d24f739edfb17f4738d7a619b5fabeafc57eedbbdadbfce63cdbfa7969d63af6abd9ee411865f6832dfeacf205954a8fbd38afb4f6bcd283e9ed29fbfecab6707483ded16e30a8ebe418d41194c9a30560d24f6c309acb3f9982ae3145522445106acab8a465af2c93c7ecedc49eb6022d9ab1ad1e492dee75b658d45c5476b25579e89570ef128a8a589dfb082f59a9837bf0921df4decabd47cb036cad350a082fdc93e03a035fa8212123c83024c18cd0884a52e8204262886267371200e53c48298490801142200a251e0a481251496e07f43f0ed0a1c6be6507ed306ad94b3b942fb7a64b5e11fe56f18e350aa5b32252feaa2af7795f062d5fb5062cc944ea9b92cd5889c76487c1671115061029c695b0e56b0ebe0b423af48cce4b0150005a051f5781c57009868f1b0e801d54cff03f47068030d2ef93527876001c9923d61e84a9b4e767ac4c86a1ba3dc477e1b88d0544e381d0742b16726c1caa2dd536dd1ada10af2b0bcf2d1b46886083d51d508c15cdd7c0a3d3b47a3ec52279ba44d38a4d984fdd8afd8e97152f015187c6bbb257767365ed2f0939a06a78a7c6a481c5cf6f4402228825c10cfba321875701');
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
INSERT INTO message VALUES(1,1,1,1,4613,1795751469880152,20784,4,7563864651779093679,X'6a6e48c08917fa7b02b86f462c96da6a','default','','bo-a---co2hjjbfgwlmr3p-r15893x856321917.0=rcpt.example@bounces.example','','127.0.0.1','mta.sender.example','mta.sender.example','rfc3464','','a','','','','','');
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
INSERT INTO event VALUES(1,1,1,1,101,1,1,1,4,550,0,1,95,3,3,'5.1.1','no-such-user','r15893x856321917.0@rcpt.example','r15893x856321917.0@rcpt.example','','smtp','mx.rcpt.example','final_recipient=reported original_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported remote_mta=reported','User unknown','<nobody>: Recipient address rejected: User unknown',4);
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
INSERT INTO suppression VALUES(1,6394904124818003678,NULL,1,'',1,1,1795751469880231,1,'no_such_user','The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).');
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
INSERT INTO change VALUES(1,1795751469880231,1,1,'policy','hard_certain','',1,1,1795751469880231,NULL,1,'no_such_user','The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE TABLE revocation (
  domain TEXT NOT NULL,
  key_id TEXT NOT NULL,
  time INTEGER NOT NULL,
  author TEXT NOT NULL,
  PRIMARY KEY (domain, key_id)
) STRICT, WITHOUT ROWID;
INSERT INTO revocation VALUES('bounces.example','a',1795751469971478,'bouncectl');
CREATE INDEX address_by_hash ON address (hash);
CREATE INDEX address_risky ON address (risky_until) WHERE risky_until > 0;
CREATE UNIQUE INDEX message_once ON message (return_path_hash, digest);
CREATE INDEX event_by_address ON event (address_id, id) WHERE address_id IS NOT NULL;
CREATE UNIQUE INDEX suppression_once ON suppression (address_id, stream, source);
CREATE INDEX change_by_address ON change (address_id, number);
CREATE INDEX event_counted ON event (address_id, id) WHERE effect IN (2, 3);
COMMIT;
PRAGMA user_version = 3;
