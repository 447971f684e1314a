-- Saved routes: `body` is the whole of one, as JSON.
CREATE TABLE routes (
    project BLOB NOT NULL,
    id      TEXT NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (project, id)
) STRICT, WITHOUT ROWID;
