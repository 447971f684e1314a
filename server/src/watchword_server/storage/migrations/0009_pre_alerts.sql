-- Alerts to the operator: what is on, what is to be mailed, and what is counted for them.

ALTER TABLE projects ADD COLUMN daily_budget TEXT NOT NULL DEFAULT '';
ALTER TABLE projects ADD COLUMN low_balance TEXT NOT NULL DEFAULT '';

CREATE TABLE alerts (
    project   BLOB NOT NULL,
    kind      TEXT NOT NULL,
    about     TEXT NOT NULL,
    raised_at INTEGER NOT NULL,
    seen_at   INTEGER NOT NULL,
    PRIMARY KEY (project, kind, about)
) STRICT, WITHOUT ROWID;

CREATE TABLE alert_mails (
    project  BLOB NOT NULL,
    kind     TEXT NOT NULL,
    at       INTEGER NOT NULL,
    about    TEXT NOT NULL,
    data     BLOB NOT NULL,
    due_at   INTEGER NOT NULL,
    tried_at INTEGER NOT NULL,
    sent     INTEGER NOT NULL,
    PRIMARY KEY (project, kind, at, about)
) STRICT, WITHOUT ROWID;

CREATE INDEX alert_mails_due ON alert_mails (due_at) WHERE sent = 0;

-- Verifications by the ten minutes in which they began.
CREATE TABLE conversions (
    project  BLOB NOT NULL,
    bucket   INTEGER NOT NULL,
    started  INTEGER NOT NULL,
    approved INTEGER NOT NULL,
    PRIMARY KEY (project, bucket)
) STRICT, WITHOUT ROWID;

-- What the messages of a day (UTC) cost, in millionths; only of projects that have a budget.
CREATE TABLE spending (
    project BLOB NOT NULL,
    day     TEXT NOT NULL,
    amount  INTEGER NOT NULL,
    PRIMARY KEY (project, day)
) STRICT, WITHOUT ROWID;
