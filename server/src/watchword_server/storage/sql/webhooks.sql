-- Webhook endpoints, their deliveries and attempts.
-- {webhook_endpoint}, {webhook_delivery} and {webhook_attempt} stand for the columns of the records.

-- name: insert_endpoint
-- Nothing is inserted where the project is gone.
INSERT INTO webhook_endpoints SELECT {webhook_endpoint_values}
WHERE EXISTS (SELECT 1 FROM projects AS p WHERE p.id = :project);

-- name: get_endpoint
SELECT {webhook_endpoint} FROM webhook_endpoints WHERE project = :project AND id = :id;

-- name: endpoints_of
SELECT {webhook_endpoint} FROM webhook_endpoints WHERE project = :project ORDER BY id;

-- name: update_endpoint
UPDATE webhook_endpoints SET url = :url, description = :description, types = :types,
    secrets = :secrets, verified = :verified, disabled = :disabled,
    failing_since = :failing_since, not_before = :not_before, after = :after,
    updated_at = :updated_at
WHERE project = :project AND id = :id;

-- name: delete_endpoint
DELETE FROM webhook_endpoints WHERE project = :project AND id = :id;

-- name: delete_deliveries
DELETE FROM webhook_deliveries WHERE project = :project AND endpoint = :endpoint;

-- name: delete_attempts
DELETE FROM webhook_attempts WHERE project = :project AND endpoint = :endpoint;

-- name: any_enabled
SELECT 1 FROM webhook_endpoints WHERE disabled IS NULL LIMIT 1;

-- name: agenda
-- One look into the index for each endpoint, however much waits for it.
SELECT project, id, max(not_before, due_at) FROM (
    SELECT e.project, e.id, e.not_before,
        (SELECT min(d.due_at) FROM webhook_deliveries AS d
         WHERE d.project = e.project AND d.endpoint = e.id AND d.status = 'pending') AS due_at
    FROM webhook_endpoints AS e WHERE e.disabled IS NULL)
WHERE due_at IS NOT NULL;

-- name: add_delivery
INSERT INTO webhook_deliveries ({webhook_delivery}) VALUES ({webhook_delivery_values})
ON CONFLICT (project, endpoint, number) DO NOTHING;

-- name: get_delivery
SELECT {webhook_delivery} FROM webhook_deliveries
WHERE project = :project AND endpoint = :endpoint AND number = :number;

-- name: update_delivery
UPDATE webhook_deliveries SET status = :status, step = :step, tries = :tries, due_at = :due_at,
    leased = :leased, answer = :answer, error = :error, updated_at = :updated_at
WHERE project = :project AND endpoint = :endpoint AND number = :number;

-- name: page_deliveries
SELECT {webhook_delivery} FROM webhook_deliveries
WHERE project = :project AND endpoint = :endpoint AND number < :before
  AND (:status IS NULL OR status = :status)
  AND created_at >= :since AND created_at < :until
ORDER BY number DESC LIMIT :limit;

-- name: claim
-- A claim moves the row to the end of its lease; it comes back by itself when the lease ends.
UPDATE webhook_deliveries SET due_at = :lease_until, leased = 1
WHERE project = :project AND endpoint = :endpoint AND number IN (
    SELECT number FROM webhook_deliveries
    WHERE project = :project AND endpoint = :endpoint AND status = 'pending' AND due_at <= :now
    ORDER BY due_at, number LIMIT :limit)
RETURNING {webhook_delivery};

-- name: to_replay
-- What is leased is under way: it is left alone.
SELECT {webhook_delivery} FROM webhook_deliveries
WHERE project = :project AND endpoint = :endpoint AND number > :after
  AND (:status IS NULL OR status = :status) AND (leased = 0 OR due_at <= :now)
  AND created_at >= :since AND created_at < :until
ORDER BY number LIMIT :limit;

-- name: count_to_replay
SELECT count(*) FROM webhook_deliveries
WHERE project = :project AND endpoint = :endpoint
  AND (:status IS NULL OR status = :status) AND (leased = 0 OR due_at <= :now)
  AND created_at >= :since AND created_at < :until;

-- name: count_by_status
SELECT status, count(*) FROM webhook_deliveries
WHERE project = :project AND endpoint = :endpoint GROUP BY status;

-- name: log_attempt
INSERT INTO webhook_attempts ({webhook_attempt}) VALUES ({webhook_attempt_values})
ON CONFLICT (project, endpoint, number, attempt) DO NOTHING;

-- name: attempts_of
SELECT {webhook_attempt} FROM webhook_attempts
WHERE project = :project AND endpoint = :endpoint AND number = :number ORDER BY attempt;

-- name: old_deliveries
SELECT project, endpoint, number FROM webhook_deliveries
WHERE status <> 'pending' AND updated_at < :before ORDER BY updated_at LIMIT :limit;

-- name: forget_delivery
DELETE FROM webhook_deliveries WHERE project = :project AND endpoint = :endpoint AND number = :number;

-- name: forget_attempts
DELETE FROM webhook_attempts WHERE project = :project AND endpoint = :endpoint AND number = :number;

-- name: newest_event
SELECT coalesce(max(number), 0) FROM events;

-- name: events_after
SELECT number, project, subject, type, at, data FROM events
WHERE number > :after ORDER BY number LIMIT :limit;

-- name: get_event
SELECT number, project, subject, type, at, data FROM events
WHERE number = :number AND project = :project;

-- name: sequence_of
SELECT count(*) FROM events WHERE project = :project AND subject = :subject AND number <= :number;
