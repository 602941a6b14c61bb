PRAGMA application_id = 1651401572;
PRAGMA foreign_keys=OFF;
BEGIN TRANSACTION;
CREATE TABLE meta (
  name TEXT NOT NULL PRIMARY KEY,
  value INTEGER NOT NULL
) STRICT;
INSERT INTO meta VALUES('index_secret',-7725288335248564096);
CREATE TABLE address (
  id INTEGER PRIMARY KEY,
  hash INTEGER NOT NULL,
  risky_until INTEGER NOT NULL,
  tenant TEXT NOT NULL,
  canonical TEXT NOT NULL,
  spelling TEXT,  -- NULL: as canonical
  record BLOB     -- AddressRecord; NULL: an empty one
) STRICT;
INSERT INTO address VALUES(1,1796604967344744140,0,'default','r@example.org',NULL,X'01000001d76a396156bfc4be0000000000');
INSERT INTO address VALUES(2,970760184856584627,0,'default','s@example.org',NULL,NULL);
CREATE TABLE evidence (
  id INTEGER PRIMARY KEY,
  octets INTEGER NOT NULL,      -- unpacked
  codec INTEGER NOT NULL,       -- 1: zstd
  dictionary INTEGER NOT NULL,  -- 0: none
  data BLOB NOT NULL
) STRICT;
INSERT INTO evidence VALUES(1,363,1,0,X'28b52ffd606b005d0700724f31223089d80163bd1050b379871e7ccb802db96be288b557c2cc15417c19aca00a04a5046aed3abb09b10f5a52e72929c0b228231f4e650cc5c43eee67eca839855a85a4902cca1e6a41fc5c3350d6d1fdd3205c198321e0317065dfeca47bd8b1afb563a8a5cc6c485903696cd4cea170d4e664984ceef1d1ae3da97c84dfd9554b2de73079835a8a8e3253faf673276704f7183ab09c7e95798f925d796fd2fd93a032961364bff93b26d48a3c26fc246c114e22104150d058348a752c06049a8632189d110c005723d28aceebb46b35b7c3491a6ac3dc65b582193aced417a216c2145021369428');
INSERT INTO evidence VALUES(2,363,1,0,X'28b52ffd606b00550700720f31215087e801bd61d9248ce46d8bf44fdcd8666c1915142b3a9d9606dab1376699b0fb8b313fcc07d20b7c5ada755a82a2ec323fd66d1dc90443efab74c93dc56205a48028db1a8b450d9f7b6c73f91e621075178301007ad06deffde683da61e8fc3116dba57ab48d71342cf97392965cad1d918a52d9f0e7e04c9eea7f98175bec3954d4453ec967973abdfbca156d83073b3af4ac9e77792a67d3e4a99befe114b7f5ac1cfcdeef32b1984425d2704647354245c40041b36014ec2c040298665b9494110c005723d28aceebb46b35b7c3491a6ac3dc65b582193aced417a216c2145021369428');
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
) STRICT;
INSERT INTO message VALUES(1,1,1,1,363,1795729683652632,20783,4,-5111804035943938960,X'00a9531ad34b30afe2299249aa07779e','default','','bo-a---cozs7tpcsqmks3i-r=example.org@bounces.example.net','','127.0.0.1','mx.example.org','mx.example.org','rfc3464','','a','');
INSERT INTO message VALUES(2,2,1,2,363,1795729683712086,20783,1,-2874341861008232193,X'8ee3d4ffdece9bbb05950d359e7612ad','default','','plain@bounces.example.net','','127.0.0.1','mx.example.org','mx.example.org','rfc3464','','','');
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
) STRICT;
INSERT INTO event VALUES(1,1,1,1,101,1,1,1,0,550,0,1,95,3,3,'5.1.1','no-such-user','r@example.org','','','smtp','','final_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported','user unknown','user unknown');
INSERT INTO event VALUES(2,2,2,1,101,1,1,1,0,550,0,1,95,1,2,'5.1.1','no-such-user','s@example.org','','','smtp','','final_recipient=reported enhanced_status=reported reply_code=reported diagnostic=reported','user unknown','user unknown');
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
INSERT INTO suppression VALUES(1,1796604967344744140,NULL,1,'',1,1,1795729683662457,1,'no_such_user','The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).');
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
INSERT INTO change VALUES(1,1795729683662457,1,1,'policy','hard_certain','',1,1,1795729683662457,NULL,1,'no_such_user','The remote server says that the mailbox does not exist (550 5.1.1, rule no-such-user).',NULL,NULL,NULL,NULL,NULL,NULL);
CREATE INDEX address_by_hash ON address (hash);
CREATE INDEX address_risky ON address (risky_until) WHERE risky_until > 0;
CREATE UNIQUE INDEX message_once ON message (return_path_hash, digest);
CREATE INDEX event_by_address ON event (address_id, id) WHERE address_id IS NOT NULL;
CREATE UNIQUE INDEX suppression_once ON suppression (address_id, stream, source);
CREATE INDEX change_by_address ON change (address_id, number);
COMMIT;
PRAGMA user_version = 1;
