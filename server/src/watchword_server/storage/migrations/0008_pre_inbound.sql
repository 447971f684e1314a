-- What vendors tell of their own accord: reports on deliveries, and messages of people.

-- By what a report finds its delivery: only deliveries by accounts that report have rows here.
CREATE TABLE delivery_references (
    project      BLOB NOT NULL,
    account      TEXT NOT NULL,
    reference    TEXT NOT NULL,
    verification BLOB NOT NULL,
    number       INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (project, account, reference)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_references_by_age ON delivery_references (at);

-- Every report on a delivery, whether or not it moved it.
CREATE TABLE delivery_reports (
    project      BLOB NOT NULL,
    verification BLOB NOT NULL,
    number       INTEGER NOT NULL,
    id           BLOB NOT NULL,
    status       TEXT NOT NULL,
    reason       TEXT,
    raw          TEXT,
    moved        INTEGER NOT NULL,
    at           INTEGER NOT NULL,
    PRIMARY KEY (project, verification, number, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX delivery_reports_by_age ON delivery_reports (at);

-- Reports whose delivery is not known yet: one row for each of a report's references.
CREATE TABLE held_reports (
    project   BLOB NOT NULL,
    account   TEXT NOT NULL,
    reference TEXT NOT NULL,
    id        BLOB NOT NULL,
    status    TEXT NOT NULL,
    reason    TEXT,
    raw       TEXT,
    at        INTEGER NOT NULL,
    PRIMARY KEY (project, account, reference, id)
) STRICT, WITHOUT ROWID;

CREATE INDEX held_reports_by_age ON held_reports (at);

-- Messages of people, so that one told twice is one.  Their text is in no table.
CREATE TABLE incoming (
    project   BLOB NOT NULL,
    account   TEXT NOT NULL,
    reference TEXT NOT NULL,
    at        INTEGER NOT NULL,
    PRIMARY KEY (project, account, reference)
) STRICT, WITHOUT ROWID;

CREATE INDEX incoming_by_age ON incoming (at);

-- Who wants no messages, by channel.  `opted_out` repeats the channels beside what else is
-- remembered of the address, so that a send to an unknown address looks nowhere else.
CREATE TABLE opt_outs (
    project BLOB NOT NULL,
    id      BLOB NOT NULL,
    address BLOB NOT NULL,
    channel TEXT NOT NULL,
    masked  TEXT NOT NULL,
    source  TEXT NOT NULL CHECK (source IN ('recipient', 'operator')),
    at      INTEGER NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;

CREATE UNIQUE INDEX opt_outs_by_address ON opt_outs (project, address, channel);

ALTER TABLE address_states ADD COLUMN opted_out TEXT NOT NULL DEFAULT '';

-- Whether a project may send marketing, and between which minutes of the recipient's day.
ALTER TABLE projects ADD COLUMN marketing TEXT NOT NULL DEFAULT '{}';
