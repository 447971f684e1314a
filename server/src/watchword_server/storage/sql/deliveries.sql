-- Delivery attempts, events and due work.
-- {delivery} and {work} stand for the columns of the records, in their order.

-- name: insert_delivery
INSERT INTO deliveries ({delivery}) VALUES ({delivery_values});

-- name: get_delivery
SELECT {delivery} FROM deliveries
WHERE project = :project AND verification = :verification AND number = :number;

-- name: update_delivery
UPDATE deliveries SET status = :status, reason = :reason, raw = :raw,
    reference = :reference, updated_at = :updated_at
WHERE project = :project AND verification = :verification AND number = :number;

-- name: deliveries_of
SELECT {delivery} FROM deliveries
WHERE project = :project AND verification = :verification ORDER BY number;

-- name: append_event
INSERT INTO events (project, subject, type, at, data)
VALUES (:project, :subject, :type, :at, :data);

-- name: events_of
-- The place among the events of one subject is its sequence number.
SELECT number, row_number() OVER (ORDER BY number), project, subject, type, at, data
FROM events WHERE project = :project AND subject = :subject ORDER BY number;

-- name: add_work
INSERT INTO work ({work}) VALUES ({work_values});

-- name: claim_work
-- A claim moves the row to the end of its lease; it comes back by itself when the lease ends.
UPDATE work SET due_at = :lease_until, claims = claims + 1
WHERE (due_at, id) IN (
    SELECT due_at, id FROM work WHERE due_at <= :now ORDER BY due_at, id LIMIT :limit)
RETURNING {work};

-- name: done_work
DELETE FROM work WHERE due_at = :due_at AND id = :id;

-- name: release_work
-- Rare, so it may look at all of this small table.
UPDATE work SET due_at = 0, claims = 0
WHERE project = :project AND verification = :verification AND claims = 1;

-- name: next_due
SELECT min(due_at) FROM work;
