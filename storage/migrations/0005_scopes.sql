-- What reaches further than one address of one tenant. A domain is an address whose `canonical` is
-- "@example.com"; what the tenant '*' has holds for all tenants.

-- The addresses and domains that no bounce suppresses.
CREATE TABLE allowance (
  address_id INTEGER NOT NULL PRIMARY KEY REFERENCES address (id),
  create_time INTEGER NOT NULL,
  author TEXT NOT NULL,
  note TEXT NOT NULL
) STRICT;

-- Few beside all addresses, and read at each start.
CREATE INDEX address_wide ON address (id) WHERE tenant = '*' OR substr(canonical, 1, 1) = '@';
