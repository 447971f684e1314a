-- Idempotency keys: one conditional insert decides who executes.

-- name: claim
-- A row is taken over when it has served its time, or when whoever claimed it for the same request
-- is gone without an answer.
INSERT INTO idempotency_keys ({idempotency_key}) VALUES ({idempotency_key_values})
ON CONFLICT (project, id) DO UPDATE
SET body = excluded.body, claim = excluded.claim, made_at = excluded.made_at,
    lease_until = excluded.lease_until, answer = excluded.answer
WHERE made_at < :forgotten_before
    OR (answer IS NULL AND lease_until <= excluded.made_at AND body = excluded.body);

-- name: get
SELECT {idempotency_key} FROM idempotency_keys WHERE project = :project AND id = :id;

-- name: renew
UPDATE idempotency_keys SET lease_until = :lease_until
WHERE project = :project AND id = :id AND claim = :claim AND answer IS NULL;

-- name: answer
UPDATE idempotency_keys SET answer = :answer
WHERE project = :project AND id = :id AND claim = :claim;

-- name: release
DELETE FROM idempotency_keys WHERE project = :project AND id = :id AND claim = :claim;

-- name: sweep
DELETE FROM idempotency_keys WHERE (project, id) IN (
    SELECT project, id FROM idempotency_keys WHERE made_at < :before LIMIT :limit);
