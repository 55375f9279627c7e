/**
 * The schema, as the steps that led to it. A step that was released is never changed; a new one is added at the end.
 * Times are ISO 8601 text. Text in JSON columns is what the domain types serialise to.
 */
export const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE releases (
    service TEXT NOT NULL,
    number INTEGER NOT NULL,
    status TEXT NOT NULL CHECK (status IN ('pending', 'live', 'retired', 'failed', 'interrupted', 'cancelled')),
    spec TEXT NOT NULL,
    env TEXT NOT NULL,
    image TEXT,
    image_id TEXT,
    content_digest TEXT NOT NULL,
    places TEXT NOT NULL DEFAULT '[]',
    step TEXT,
    held_address TEXT,
    by TEXT NOT NULL,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    error TEXT,
    PRIMARY KEY (service, number)
  ) STRICT;
  CREATE UNIQUE INDEX one_live ON releases (service) WHERE status = 'live';
  CREATE INDEX open_releases ON releases (status) WHERE status IN ('pending', 'live');

  CREATE TABLE address_cursors (network TEXT PRIMARY KEY, address TEXT NOT NULL) STRICT;

  CREATE TABLE keys (
    id TEXT PRIMARY KEY,
    public_key TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_at TEXT NOT NULL,
    revoked_at TEXT
  ) STRICT;

  CREATE TABLE invites (
    id TEXT PRIMARY KEY,
    secret TEXT NOT NULL,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    scope TEXT NOT NULL,
    created_by TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
  ) STRICT;

  CREATE TABLE nonces (key TEXT NOT NULL, nonce TEXT NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (key, nonce)) STRICT;
  CREATE INDEX nonce_expiry ON nonces (expires_at);

  CREATE TABLE audit (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    address TEXT NOT NULL,
    action TEXT NOT NULL,
    subject TEXT NOT NULL,
    result TEXT NOT NULL,
    count INTEGER NOT NULL DEFAULT 1
  ) STRICT;
  CREATE INDEX audit_refusals ON audit (actor, address, result, substr(at, 1, 16));
  `,
  `
  ALTER TABLE releases ADD COLUMN origin TEXT NOT NULL DEFAULT '{"kind":"deploy"}';

  -- A service that is not as usual: everything else runs.
  CREATE TABLE service_states (
    service TEXT PRIMARY KEY,
    state TEXT NOT NULL CHECK (state IN ('stopped', 'removing'))
  ) STRICT;

  CREATE TABLE env_values (
    service TEXT NOT NULL,
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL,
    PRIMARY KEY (service, name)
  ) STRICT;

  CREATE TABLE registries (
    host TEXT PRIMARY KEY,
    username TEXT NOT NULL,
    password TEXT NOT NULL,
    set_by TEXT NOT NULL,
    set_at TEXT NOT NULL
  ) STRICT;
  `,
  `
  -- Which blobs a release was built from: digests of 32 bytes, one after another.
  CREATE TABLE blob_lists (
    service TEXT NOT NULL,
    release INTEGER NOT NULL,
    door TEXT NOT NULL CHECK (door IN ('local', 'gate')),
    digests BLOB NOT NULL,
    PRIMARY KEY (service, release)
  ) STRICT;
  `,
  `
  -- From here on values, passwords and environments are encrypted (see ENCRYPTED_FROM).
  -- 1: nobody is given the value back.
  ALTER TABLE env_values ADD COLUMN secret INTEGER NOT NULL DEFAULT 0;
  `,
  `
  -- Domains that an authority was asked for and that have no certificate since: how often, and when it may be asked again.
  CREATE TABLE certificate_orders (
    domain TEXT PRIMARY KEY,
    tries INTEGER NOT NULL,
    not_before TEXT NOT NULL
  ) STRICT;
  `,
];

/** The schema from which on the columns that hold secrets are encrypted, by what `Database` does beside the step to it. */
export const ENCRYPTED_FROM = 4;
