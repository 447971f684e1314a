-- Provider accounts.  {provider_account} stands for the columns of the record.

-- name: insert_account
-- Nothing is inserted where the project is gone.
INSERT INTO provider_accounts SELECT {provider_account_values}
WHERE EXISTS (SELECT 1 FROM projects AS p WHERE p.id = :project);

-- name: get_account
SELECT {provider_account} FROM provider_accounts WHERE project = :project AND id = :id;

-- name: account_named
SELECT {provider_account} FROM provider_accounts WHERE project = :project AND name = :name;

-- name: accounts_of
SELECT {provider_account} FROM provider_accounts WHERE project = :project ORDER BY id;

-- name: update_account
UPDATE provider_accounts SET settings = :settings, weight = :weight, disabled = :disabled,
    updated_at = :updated_at
WHERE project = :project AND id = :id;

-- name: delete_account
DELETE FROM provider_accounts WHERE project = :project AND id = :id;

-- name: find_account
SELECT {provider_account} FROM provider_accounts WHERE id = :id;

-- name: every_account
SELECT a.*, p.mode FROM provider_accounts AS a JOIN projects AS p ON p.id = a.project
ORDER BY a.id;

-- name: version
SELECT value FROM server WHERE name = 'provider_accounts_version';
