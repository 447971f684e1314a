-- What is remembered about addresses, and the messages that stayed on this machine.

-- name: get_address
SELECT sends, next_send_at, consecutive, failed_at, opted_out FROM address_states
WHERE project = :project AND address = :address;

-- name: failures
SELECT count(*), coalesce(min(at), 0) FROM failed_checks
WHERE project = :project AND address = :address AND at > :failures_since;

-- name: insert_failed_check
INSERT INTO failed_checks (project, address, at, id) VALUES (:project, :address, :at, :id);

-- name: count_consecutive
INSERT INTO address_states (project, address, sends, next_send_at, consecutive, failed_at)
VALUES (:project, :address, 0, 0, 1, :at)
ON CONFLICT (project, address) DO UPDATE
SET consecutive = consecutive + 1, failed_at = excluded.failed_at;

-- name: proven
UPDATE address_states SET consecutive = 0
WHERE project = :project AND address = :address;

-- name: remember_ladder
INSERT INTO address_states (project, address, sends, next_send_at, consecutive, failed_at)
VALUES (:project, :address, :sends, :next_send_at, 0, 0)
ON CONFLICT (project, address) DO UPDATE
SET sends = excluded.sends, next_send_at = excluded.next_send_at;

-- name: forget_failures
DELETE FROM failed_checks WHERE project = :project AND address = :address;

-- name: unlock
UPDATE address_states SET consecutive = 0, failed_at = 0
WHERE project = :project AND address = :address;

-- name: sweep_failures
DELETE FROM failed_checks WHERE (project, address, at, id) IN (
    SELECT project, address, at, id FROM failed_checks WHERE at < :before LIMIT :limit);

-- name: sweep_states
-- A consecutive count is never forgotten by time, only by a right code or an operator; an opt-out
-- only when it is lifted.
DELETE FROM address_states WHERE (project, address) IN (
    SELECT project, address FROM address_states
    WHERE consecutive = 0 AND next_send_at < :ladders_before AND failed_at < :failures_before
      AND opted_out = ''
    LIMIT :limit);

-- name: add_inbox
INSERT INTO inbox ({inbox}) VALUES ({inbox_values});

-- name: page_inbox
SELECT {inbox} FROM inbox
WHERE project = :project AND id < :before AND (:address IS NULL OR address = :address)
ORDER BY id DESC LIMIT :limit;

-- name: sweep_inbox
-- Ids begin with their time, so each project's old messages are the first of its range.
DELETE FROM inbox WHERE (project, id) IN (
    SELECT i.project, i.id FROM projects AS p
    CROSS JOIN inbox AS i ON i.project = p.id AND i.id < :before_id LIMIT :limit);
