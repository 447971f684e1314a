-- Every version of a template, reviewed on its own; `templates` keeps the one in use.

CREATE TABLE template_versions (
    project BLOB NOT NULL,
    id      TEXT NOT NULL,
    version INTEGER NOT NULL,
    body    TEXT NOT NULL,
    PRIMARY KEY (project, id, version)
) STRICT, WITHOUT ROWID;

INSERT INTO template_versions (project, id, version, body)
SELECT project, id, json_extract(body, '$.version'), body FROM templates;

-- The domains that links in a project's templates may lead to.
ALTER TABLE projects ADD COLUMN link_domains TEXT NOT NULL DEFAULT '';
