-- The control plane: projects, API keys, templates, facts about the server.
-- {project} and {api_key} stand for the columns of the records, in their order.

-- name: insert_project
INSERT INTO projects ({project}) VALUES ({project_values}) ON CONFLICT (name) DO NOTHING;

-- name: get_project
SELECT {project} FROM projects WHERE id = :id;

-- name: all_projects
SELECT {project} FROM projects WHERE hidden = 0 ORDER BY id;

-- name: hidden_projects
SELECT {project} FROM projects WHERE hidden = 1 ORDER BY created_at, id;

-- name: update_project
UPDATE projects SET name = :name, mode = :mode, limits = :limits, link_domains = :link_domains,
    marketing = :marketing, daily_budget = :daily_budget, low_balance = :low_balance
WHERE id = :id;

-- name: delete_project
DELETE FROM projects WHERE id = :id;

-- name: insert_api_key
INSERT INTO api_keys ({api_key}) VALUES ({api_key_values});

-- name: find_api_key
SELECT {api_key} FROM api_keys WHERE id = :id;

-- name: api_keys_of
SELECT {api_key} FROM api_keys WHERE project = :project ORDER BY id;

-- name: update_api_key
UPDATE api_keys SET name = :name, scopes = :scopes, allowed_ips = :allowed_ips,
    expires_at = :expires_at, disabled = :disabled, secrets = :secrets
WHERE project = :project AND id = :id;

-- name: delete_api_key
DELETE FROM api_keys WHERE project = :project AND id = :id;

-- name: put_template
INSERT INTO templates (project, id, body) VALUES (:project, :id, :body)
ON CONFLICT (project, id) DO UPDATE SET body = excluded.body;

-- name: get_template
SELECT body FROM templates WHERE project = :project AND id = :id;

-- name: templates_of
SELECT body FROM templates WHERE project = :project ORDER BY id;

-- name: put_template_version
INSERT INTO template_versions (project, id, version, body)
VALUES (:project, :id, :version, :body)
ON CONFLICT (project, id, version) DO UPDATE SET body = excluded.body;

-- name: get_template_version
SELECT body FROM template_versions
WHERE project = :project AND id = :id AND version = :version;

-- name: template_versions_of
SELECT body FROM template_versions WHERE project = :project AND id = :id
ORDER BY version DESC LIMIT :limit;

-- name: newest_templates
SELECT body FROM template_versions AS one
WHERE project = :project AND version = (
    SELECT max(version) FROM template_versions AS other
    WHERE other.project = one.project AND other.id = one.id
) ORDER BY id;

-- name: delete_template
DELETE FROM templates WHERE project = :project AND id = :id;

-- name: delete_template_versions
DELETE FROM template_versions WHERE project = :project AND id = :id;

-- name: put_route
INSERT INTO routes (project, id, body) VALUES (:project, :id, :body)
ON CONFLICT (project, id) DO UPDATE SET body = excluded.body;

-- name: get_route
SELECT body FROM routes WHERE project = :project AND id = :id;

-- name: routes_of
SELECT body FROM routes WHERE project = :project ORDER BY id;

-- name: delete_route
DELETE FROM routes WHERE project = :project AND id = :id;

-- name: get_fact
SELECT value FROM server WHERE name = :name;

-- name: put_fact
INSERT INTO server (name, value) VALUES (:name, :value)
ON CONFLICT (name) DO UPDATE SET value = excluded.value;
