-- Webhook endpoints, what is to be delivered to them, and the log of attempts.

CREATE TABLE webhook_endpoints (
    project       BLOB NOT NULL,
    id            BLOB NOT NULL,
    url           TEXT NOT NULL,
    description   TEXT NOT NULL,
    dialect       TEXT NOT NULL CHECK (dialect IN ('standard', 'engagelab')),
    types         TEXT NOT NULL,
    secrets       BLOB NOT NULL,
    verified      INTEGER NOT NULL,
    disabled      TEXT CHECK (disabled IN ('requested', 'gone', 'failing')),
    failing_since INTEGER,
    not_before    INTEGER NOT NULL,
    after         INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    updated_at    INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

-- One event for one endpoint: the key names the event by its place, so it cannot be there twice.
CREATE TABLE webhook_deliveries (
    project    BLOB NOT NULL,
    endpoint   BLOB NOT NULL,
    number     INTEGER NOT NULL,
    sequence   INTEGER NOT NULL,
    status     TEXT NOT NULL CHECK (status IN ('pending', 'delivered', 'exhausted')),
    step       INTEGER NOT NULL,
    tries      INTEGER NOT NULL,
    due_at     INTEGER NOT NULL,
    leased     INTEGER NOT NULL,
    answer     INTEGER,
    error      TEXT,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (project, endpoint, number)
) STRICT, WITHOUT ROWID;

-- What waits, by endpoint: a dead one's backlog is never looked at for the sake of another.
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (project, endpoint, due_at)
WHERE status = 'pending';

CREATE INDEX webhook_deliveries_ended ON webhook_deliveries (updated_at)
WHERE status <> 'pending';

CREATE TABLE webhook_attempts (
    project  BLOB NOT NULL,
    endpoint BLOB NOT NULL,
    number   INTEGER NOT NULL,
    attempt  INTEGER NOT NULL,
    at       INTEGER NOT NULL,
    ms       INTEGER NOT NULL,
    answer   INTEGER,
    error    TEXT,
    response BLOB NOT NULL,
    PRIMARY KEY (project, endpoint, number, attempt)
) STRICT, WITHOUT ROWID;
