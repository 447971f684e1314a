-- Provider accounts of projects.  `settings` is sealed under the account's id.
CREATE TABLE provider_accounts (
    project    BLOB NOT NULL,
    id         BLOB NOT NULL,
    name       TEXT NOT NULL,
    provider   TEXT NOT NULL,
    settings   BLOB NOT NULL,
    weight     INTEGER NOT NULL,
    disabled   INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (project, id),
    UNIQUE (project, name)
) STRICT, WITHOUT ROWID;

-- Every process keeps the accounts in memory and asks once a second whether this number has
-- changed.  Triggers count, so that no statement can forget to, whoever runs it.
CREATE TRIGGER provider_account_added AFTER INSERT ON provider_accounts BEGIN
    INSERT INTO server (name, value) VALUES ('provider_accounts_version', '1')
    ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1;
END;

CREATE TRIGGER provider_account_changed AFTER UPDATE ON provider_accounts BEGIN
    INSERT INTO server (name, value) VALUES ('provider_accounts_version', '1')
    ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1;
END;

CREATE TRIGGER provider_account_removed AFTER DELETE ON provider_accounts BEGIN
    INSERT INTO server (name, value) VALUES ('provider_accounts_version', '1')
    ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1;
END;

-- Only accounts of live projects are used.
CREATE TRIGGER project_mode_changed AFTER UPDATE OF mode ON projects
WHEN old.mode IS NOT new.mode BEGIN
    INSERT INTO server (name, value) VALUES ('provider_accounts_version', '1')
    ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1;
END;
