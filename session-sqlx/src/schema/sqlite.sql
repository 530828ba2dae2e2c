CREATE TABLE IF NOT EXISTS {table} (
    id_hash    BLOB    NOT NULL PRIMARY KEY,  -- SHA-256 of the id
    id         TEXT    NOT NULL,
    version    BLOB    NOT NULL,              -- 16 random bytes, new with every save
    owner_hash BLOB,                          -- SHA-256 of the owner
    ends_at    INTEGER NOT NULL,              -- milliseconds since 1970, by the service's clock
    sweep_at   INTEGER NOT NULL,              -- ends_at rounded up to 10 minutes
    record     TEXT    NOT NULL               -- JSON
) STRICT;
CREATE INDEX IF NOT EXISTS {name}_by_owner ON {table} (owner_hash) WHERE owner_hash IS NOT NULL;
CREATE INDEX IF NOT EXISTS {name}_by_end ON {table} (sweep_at);
