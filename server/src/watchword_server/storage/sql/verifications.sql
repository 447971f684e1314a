-- Pending verifications live in `live`, ended ones in `verifications`.
-- {verification} stands for the columns of an ended one, {live_values} for a record's values.

-- name: insert_live
-- Nothing is inserted where the address has a pending verification already, or the project is gone.
INSERT INTO live SELECT {live_values} WHERE EXISTS (SELECT 1 FROM projects AS p WHERE p.id = :project)
ON CONFLICT (project, address) DO NOTHING;

-- name: insert_fresh
-- The usual case in one statement: nor is anything remembered of the address.
INSERT INTO live SELECT {live_values} WHERE EXISTS (SELECT 1 FROM projects AS p WHERE p.id = :project)
  AND NOT EXISTS (
      SELECT 1 FROM address_states AS s WHERE s.project = :project AND s.address = :address)
ON CONFLICT (project, address) DO NOTHING;

-- name: get_live
SELECT * FROM live WHERE project = :project AND id = :id;

-- name: live_of_address
SELECT * FROM live WHERE project = :project AND address = :address;

-- name: checkable
-- {checkable} stands for what must hold for a code to be evaluated: see queries.py.
SELECT *, EXISTS (
    SELECT 1 FROM address_states AS s
    WHERE s.project = live.project AND s.address = live.address)
FROM live WHERE {checkable};

-- name: count_check
-- The one statement that decides that a wrong code was evaluated.
UPDATE live SET checks = checks + 1 WHERE {checkable};

-- name: approve
-- The one statement that decides that a right code approves: whoever removes the row.
DELETE FROM live WHERE {checkable};

-- name: count_send
UPDATE live SET sends = sends + 1, next_send_at = :next_send_at
WHERE project = :project AND id = :id
  AND expires_at > :now AND next_send_at <= :now AND sends < :max_sends;

-- name: take_step
UPDATE live SET step = :step WHERE project = :project AND id = :id AND step < :step;

-- name: remove_live
-- Whoever removes the row ends the verification; its secrets go with it.
DELETE FROM live WHERE project = :project AND id = :id;

-- name: expired
SELECT project, id FROM live WHERE expires_at <= :now ORDER BY expires_at LIMIT :limit;

-- name: insert_verification
INSERT INTO verifications VALUES ({verification_values});

-- name: get_verification
SELECT {verification} FROM verifications WHERE project = :project AND id = :id
UNION ALL
SELECT {verification} FROM live WHERE project = :project AND id = :id;

-- name: page_verifications
SELECT {verification} FROM (
    SELECT * FROM (
        SELECT {verification} FROM live
        WHERE project = :project AND id < :before ORDER BY id DESC LIMIT :limit)
    UNION ALL
    SELECT * FROM (
        SELECT {verification} FROM verifications
        WHERE project = :project AND id < :before ORDER BY id DESC LIMIT :limit)
) ORDER BY id DESC LIMIT :limit;

-- name: page_by_status
-- A pending one whose time has passed is expired, also before the sweep has said so.
SELECT {verification} FROM (
    SELECT * FROM (
        SELECT {verification} FROM live
        WHERE project = :project AND id < :before
          AND :status = iif(expires_at <= :now, 'expired', 'pending')
        ORDER BY id DESC LIMIT :limit)
    UNION ALL
    SELECT * FROM (
        SELECT {verification} FROM verifications
        WHERE project = :project AND status = :status AND id < :before
        ORDER BY id DESC LIMIT :limit)
) ORDER BY id DESC LIMIT :limit;
