-- The first schema.  Every key leads with the project, except where the worker sweeps what is due.
-- Times are milliseconds since 1970.  Ids are 16 bytes, time-ordered, so new rows append.

CREATE TABLE server (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE projects (
    id         BLOB NOT NULL PRIMARY KEY,
    name       TEXT NOT NULL UNIQUE,
    mode       TEXT NOT NULL CHECK (mode IN ('live', 'development', 'sandbox')),
    created_at INTEGER NOT NULL,
    limits     TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE api_keys (
    project     BLOB NOT NULL,
    id          BLOB NOT NULL,
    name        TEXT NOT NULL,
    scopes      TEXT NOT NULL,
    allowed_ips TEXT NOT NULL,
    expires_at  INTEGER,
    disabled    INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    secrets     TEXT NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX api_keys_by_id ON api_keys (id);

CREATE TABLE templates (
    project BLOB NOT NULL,
    id      TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

-- Pending verifications only: small, hot, and the only place where a code's hash and sealed
-- value are.  One per project and address: the unique index makes two simultaneous starts one.
CREATE TABLE live (
    project      BLOB NOT NULL,
    id           BLOB NOT NULL,
    status       TEXT NOT NULL CHECK (status = 'pending'),
    address      BLOB NOT NULL,
    masked       TEXT NOT NULL,
    details      BLOB NOT NULL,
    template     TEXT NOT NULL,
    language     TEXT NOT NULL,
    channel      TEXT NOT NULL,
    purpose      TEXT NOT NULL,
    assurance    TEXT NOT NULL,
    api_key      BLOB NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    ended_at     INTEGER,
    checks       INTEGER NOT NULL,
    max_checks   INTEGER NOT NULL,
    sends        INTEGER NOT NULL,
    sameness     BLOB NOT NULL,
    binding      BLOB NOT NULL,
    pepper       INTEGER NOT NULL,
    digest       BLOB NOT NULL,
    secrets      BLOB NOT NULL,
    policy       TEXT NOT NULL,
    next_send_at INTEGER NOT NULL,
    route        BLOB NOT NULL,
    step         INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX live_one_per_address ON live (project, address);
CREATE INDEX live_by_expiry ON live (expires_at);

-- Ended verifications: append-only history, no secrets.
CREATE TABLE verifications (
    project    BLOB NOT NULL,
    id         BLOB NOT NULL,
    status     TEXT NOT NULL CHECK (status <> 'pending'),
    address    BLOB NOT NULL,
    masked     TEXT NOT NULL,
    details    BLOB NOT NULL,
    template   TEXT NOT NULL,
    language   TEXT NOT NULL,
    channel    TEXT NOT NULL,
    purpose    TEXT NOT NULL,
    assurance  TEXT NOT NULL,
    api_key    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at   INTEGER,
    checks     INTEGER NOT NULL,
    max_checks INTEGER NOT NULL,
    sends      INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX verifications_by_status ON verifications (project, status, id);

CREATE TABLE deliveries (
    project         BLOB NOT NULL,
    verification    BLOB NOT NULL,
    number          INTEGER NOT NULL,
    id              BLOB NOT NULL,
    step            INTEGER NOT NULL,
    channel         TEXT NOT NULL,
    provider        TEXT NOT NULL,
    status          TEXT NOT NULL,
    reason          TEXT,
    raw             TEXT,
    reference       TEXT,
    maybe_duplicate INTEGER NOT NULL,
    created_at      INTEGER NOT NULL,
    updated_at      INTEGER NOT NULL,
    PRIMARY KEY (project, verification, number)
) STRICT, WITHOUT ROWID;

-- What happened, in the order in which it was written: new rows always append.
CREATE TABLE events (
    number       INTEGER PRIMARY KEY,
    project      BLOB NOT NULL,
    subject      BLOB NOT NULL,
    type         TEXT NOT NULL,
    at           INTEGER NOT NULL,
    data         BLOB NOT NULL
) STRICT;
CREATE INDEX events_of_subject ON events (project, subject);

-- Due work.  The key is the due time itself; a claim moves it to the end of its lease.
CREATE TABLE work (
    due_at       INTEGER NOT NULL,
    id           BLOB NOT NULL,
    project      BLOB NOT NULL,
    verification BLOB NOT NULL,
    kind         TEXT NOT NULL CHECK (kind IN ('deliver', 'advance')),
    number       INTEGER NOT NULL,
    claims       INTEGER NOT NULL,
    PRIMARY KEY (due_at, id)
) STRICT, WITHOUT ROWID;

-- What outlives one verification of an address.  An address without a row here has no failed
-- check and no cool-down, so that the usual case costs one look-up in a small table.
CREATE TABLE address_states (
    project      BLOB NOT NULL,
    address      BLOB NOT NULL,
    sends        INTEGER NOT NULL,
    next_send_at INTEGER NOT NULL,
    consecutive  INTEGER NOT NULL,
    failed_at    INTEGER NOT NULL,
    PRIMARY KEY (project, address)
) STRICT, WITHOUT ROWID;

CREATE INDEX address_states_by_age ON address_states (next_send_at) WHERE consecutive = 0;

CREATE TABLE failed_checks (
    project BLOB NOT NULL,
    address BLOB NOT NULL,
    at      INTEGER NOT NULL,
    id      BLOB NOT NULL,
    PRIMARY KEY (project, address, at, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX failed_checks_by_age ON failed_checks (at);

-- Messages that stayed on this machine (development and sandbox projects).
CREATE TABLE inbox (
    project      BLOB NOT NULL,
    id           BLOB NOT NULL,
    address      BLOB NOT NULL,
    verification BLOB NOT NULL,
    channel      TEXT NOT NULL,
    at           INTEGER NOT NULL,
    body         BLOB NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;
