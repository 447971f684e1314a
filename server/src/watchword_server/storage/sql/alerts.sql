-- Alerts to the operator, and what is counted for them.
-- {alert} and {alert_mail} stand for the columns of the records, in their order.

-- name: get
SELECT {alert} FROM alerts WHERE project = :project AND kind = :kind AND about = :about;

-- name: put
INSERT INTO alerts ({alert}) VALUES ({alert_values})
ON CONFLICT (project, kind, about) DO UPDATE SET seen_at = excluded.seen_at;

-- name: remove
DELETE FROM alerts WHERE project = :project AND kind = :kind AND about = :about;

-- name: of_kind
SELECT {alert} FROM alerts WHERE kind = :kind ORDER BY project, about;

-- name: queue
INSERT INTO alert_mails ({alert_mail}) VALUES ({alert_mail_values}) ON CONFLICT DO NOTHING;

-- name: due
SELECT {alert_mail} FROM alert_mails
WHERE sent = 0 AND due_at <= :now ORDER BY due_at, at, project, kind, about LIMIT :limit;

-- name: last_tried
-- One that was tried in vain, or whose mailer is gone, is no reason to wait.
SELECT coalesce(max(tried_at), 0) FROM alert_mails
WHERE project = :project AND kind = :kind AND (sent = 1 OR (tried_at > 0 AND due_at > :now));

-- name: update
UPDATE alert_mails SET due_at = :due_at, tried_at = :tried_at, sent = :sent
WHERE project = :project AND kind = :kind AND at = :at AND about = :about;

-- name: sweep_mails
DELETE FROM alert_mails WHERE (project, kind, at, about) IN (
    SELECT project, kind, at, about FROM alert_mails WHERE at < :before LIMIT :limit);

-- name: count_ended
SELECT coalesce(sum(n), 0), coalesce(sum(iif(status = 'approved', n, 0)), 0) FROM (
    SELECT status, count(*) AS n FROM verifications
    WHERE project = :project AND status IN ('approved', 'expired', 'exhausted', 'failed')
      AND id >= :first AND id < :end
    GROUP BY status);

-- name: count_pending
SELECT count(*) FROM live WHERE project = :project AND id >= :first AND id < :end;

-- name: newest
SELECT max(bucket) FROM conversions WHERE project = :project;

-- name: add
INSERT INTO conversions (project, bucket, started, approved)
VALUES (:project, :bucket, :started, :approved) ON CONFLICT (project, bucket) DO NOTHING;

-- name: total
SELECT coalesce(sum(started), 0), coalesce(sum(approved), 0) FROM conversions
WHERE project = :project AND bucket >= :since AND bucket < :before;

-- name: spend
INSERT INTO spending (project, day, amount) VALUES (:project, :day, :amount)
ON CONFLICT (project, day) DO UPDATE SET amount = amount + excluded.amount;

-- name: spent
SELECT coalesce(sum(amount), 0) FROM spending WHERE project = :project AND day = :day;

-- name: sweep_conversions
DELETE FROM conversions WHERE (project, bucket) IN (
    SELECT project, bucket FROM conversions WHERE bucket < :before LIMIT :limit);

-- name: sweep_spending
DELETE FROM spending WHERE (project, day) IN (
    SELECT project, day FROM spending WHERE day < :day LIMIT :limit);
