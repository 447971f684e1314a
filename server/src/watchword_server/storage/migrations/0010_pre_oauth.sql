-- Access of MCP clients by OAuth: what they ask for, what was granted, and the tokens of it.
-- Tokens, links and authorization codes ("tickets") are kept as keyed hashes only.

-- A request has no project before an operator has decided on one.
CREATE TABLE authorizations (
    id           BLOB NOT NULL,
    word         TEXT NOT NULL,
    client       TEXT NOT NULL,
    client_name  TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    scopes       TEXT NOT NULL,
    state        TEXT,
    challenge    TEXT NOT NULL,
    resource     TEXT NOT NULL,
    client_ip    TEXT NOT NULL,
    created_at   INTEGER NOT NULL,
    expires_at   INTEGER NOT NULL,
    status       TEXT NOT NULL,
    project      BLOB NOT NULL,
    granted      TEXT NOT NULL,
    lasts_s      INTEGER NOT NULL,
    link         BLOB NOT NULL,
    ticket       BLOB NOT NULL,
    api_key      BLOB NOT NULL,
    PRIMARY KEY (id)
) STRICT, WITHOUT ROWID;

CREATE INDEX authorizations_open ON authorizations (expires_at);
CREATE UNIQUE INDEX authorizations_word ON authorizations (word);
CREATE UNIQUE INDEX authorizations_link ON authorizations (link) WHERE link != x'';
CREATE UNIQUE INDEX authorizations_ticket ON authorizations (ticket) WHERE ticket != x'';

-- A grant is an API key without a secret: its tokens act as that key.
CREATE TABLE grants (
    project     BLOB NOT NULL,
    api_key     BLOB NOT NULL,
    client      TEXT NOT NULL,
    client_name TEXT NOT NULL,
    resource    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    PRIMARY KEY (project, api_key)
) STRICT, WITHOUT ROWID;

CREATE TABLE grant_tokens (
    project    BLOB NOT NULL,
    api_key    BLOB NOT NULL,
    hash       BLOB NOT NULL,
    kind       TEXT NOT NULL,
    scopes     TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    spent_at   INTEGER,
    PRIMARY KEY (project, api_key, hash)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX grant_tokens_hash ON grant_tokens (hash);
CREATE INDEX grant_tokens_old ON grant_tokens (expires_at);

-- A key that is deleted, by whatever statement, takes what acts as it along.
CREATE TRIGGER api_key_removed AFTER DELETE ON api_keys BEGIN
    DELETE FROM grants WHERE project = old.project AND api_key = old.id;
    DELETE FROM grant_tokens WHERE project = old.project AND api_key = old.id;
END;
