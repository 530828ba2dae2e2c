CREATE TABLE IF NOT EXISTS sessions (
    id_hash    BINARY(32) NOT NULL PRIMARY KEY,  -- SHA-256 of the id
    id         MEDIUMTEXT NOT NULL,
    version    BINARY(16) NOT NULL,              -- random, new with every save
    owner_hash BINARY(32) NULL,                  -- SHA-256 of the owner
    ends_at    BIGINT     NOT NULL,              -- milliseconds since 1970, by the service's clock
    sweep_at   BIGINT     NOT NULL,              -- ends_at rounded up to 10 minutes
    record     LONGTEXT   NOT NULL,              -- JSON
    KEY sessions_by_owner (owner_hash),
    KEY sessions_by_end (sweep_at)
) ENGINE = InnoDB, DEFAULT CHARACTER SET utf8mb4, COLLATE utf8mb4_bin;
