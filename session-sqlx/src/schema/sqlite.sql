CREATE TABLE IF NOT EXISTS sessions (
    id_hash    BLOB    NOT NULL PRIMARY KEY,  -- SHA-256 of the id
    id         TEXT    NOT NULL,
    version    BLOB    NOT NULL,              -- 16 random bytes, new with every save
    owner_hash BLOB,                          -- SHA-256 of the owner
    ends_at    INTEGER NOT NULL,              -- milliseconds since 1970, by the service's clock
    sweep_at   INTEGER NOT NULL,              -- ends_at rounded up to 10 minutes
    record     TEXT    NOT NULL               -- JSON
) STRICT;
CREATE INDEX IF NOT EXISTS sessions_by_owner ON sessions (owner_hash) WHERE owner_hash IS NOT NULL;
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (sweep_at);
