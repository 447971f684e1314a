-- Delivery attempts, events and due work.
-- {delivery}, {event} and {work} stand for the columns of the records, in their order.

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

-- name: event_at
SELECT {event} FROM events AS e WHERE project = :project AND number = :number;

-- name: events_before
-- By place alone, however few of the rows are the project's: the caller bounds the walk, and an
-- index of each project's places would cost every send and check.
SELECT {event} FROM events AS e NOT INDEXED
WHERE number < :place AND number >= :floor AND project = :project
  AND type >= :first AND type < :end
ORDER BY number DESC LIMIT :limit;

-- name: events_of_before
SELECT {event} FROM events AS e
WHERE project = :project AND subject = :subject AND number < :place
  AND type >= :first AND type < :end
ORDER BY number DESC LIMIT :limit;

-- name: events_after
SELECT {event} FROM events AS e NOT INDEXED
WHERE number > :place AND number <= :ceiling AND project = :project
  AND type >= :first AND type < :end
ORDER BY number LIMIT :limit;

-- name: newest_event
SELECT coalesce(max(number), 0) FROM events;

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
