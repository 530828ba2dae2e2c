CREATE TABLE IF NOT EXISTS sessions (
    id_hash    bytea  PRIMARY KEY,  -- SHA-256 of the id
    id         text   NOT NULL,
    version    bytea  NOT NULL,     -- 16 random bytes, new with every save
    owner_hash bytea,               -- SHA-256 of the owner
    ends_at    bigint NOT NULL,     -- milliseconds since 1970, by the service's clock
    sweep_at   bigint NOT NULL,     -- ends_at rounded up to 10 minutes
    record     text   NOT NULL      -- JSON
) WITH (fillfactor = 70);
CREATE INDEX IF NOT EXISTS sessions_by_owner ON sessions (owner_hash) WHERE owner_hash IS NOT NULL;
CREATE INDEX IF NOT EXISTS sessions_by_end ON sessions (sweep_at);
