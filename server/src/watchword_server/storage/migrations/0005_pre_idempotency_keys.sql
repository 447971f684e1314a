-- Idempotency keys of the last 24 hours.  `id` and `body` are keyed hashes: of who used which key
-- on which call, and of what they asked.  `answer` is sealed, and missing while the call runs.
CREATE TABLE idempotency_keys (
    project     BLOB NOT NULL,
    id          BLOB NOT NULL,
    body        BLOB NOT NULL,
    claim       BLOB NOT NULL,
    made_at     INTEGER NOT NULL,
    lease_until INTEGER NOT NULL,
    answer      BLOB,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_keys_by_age ON idempotency_keys (made_at);
