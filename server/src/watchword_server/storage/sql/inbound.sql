-- What vendors told: references, reports, messages of people, opt-outs.
-- {kept_report}, {held_report} and {opt_out} stand for the columns of the records, in their order.

-- name: refer
INSERT INTO delivery_references (project, account, reference, verification, number, at)
VALUES (:project, :account, :reference, :verification, :number, :at)
ON CONFLICT (project, account, reference) DO UPDATE
SET verification = excluded.verification, number = excluded.number, at = excluded.at;

-- name: find
SELECT verification, number FROM delivery_references
WHERE project = :project AND account = :account AND reference = :reference;

-- name: keep_report
INSERT INTO delivery_reports ({kept_report}) VALUES ({kept_report_values});

-- name: reports_of
SELECT {kept_report} FROM delivery_reports
WHERE project = :project AND verification = :verification ORDER BY number, id;

-- name: hold_report
INSERT INTO held_reports ({held_report}) VALUES ({held_report_values});

-- name: held_reports
SELECT {held_report} FROM held_reports
WHERE project = :project AND account = :account AND reference = :reference ORDER BY id;

-- name: drop_held
DELETE FROM held_reports
WHERE project = :project AND account = :account AND reference = :reference;

-- name: sweep_references
DELETE FROM delivery_references WHERE (project, account, reference) IN (
    SELECT project, account, reference FROM delivery_references
    WHERE at < :before ORDER BY at LIMIT :limit);

-- name: sweep_reports
DELETE FROM delivery_reports WHERE (project, verification, number, id) IN (
    SELECT project, verification, number, id FROM delivery_reports
    WHERE at < :before ORDER BY at LIMIT :limit);

-- name: sweep_held
DELETE FROM held_reports WHERE (project, account, reference, id) IN (
    SELECT project, account, reference, id FROM held_reports
    WHERE at < :before ORDER BY at LIMIT :limit);

-- name: insert_incoming
INSERT INTO incoming (project, account, reference, at)
VALUES (:project, :account, :reference, :at) ON CONFLICT DO NOTHING;

-- name: sweep_incoming
DELETE FROM incoming WHERE (project, account, reference) IN (
    SELECT project, account, reference FROM incoming
    WHERE at < :before ORDER BY at LIMIT :limit);

-- name: add_opt_out
INSERT INTO opt_outs ({opt_out}) VALUES ({opt_out_values})
ON CONFLICT (project, address, channel) DO NOTHING;

-- name: remove_opt_outs
DELETE FROM opt_outs WHERE project = :project AND address = :address
  AND (:channel IS NULL OR channel = :channel);

-- name: opt_outs_of
SELECT {opt_out} FROM opt_outs
WHERE project = :project AND address = :address ORDER BY channel;

-- name: page_opt_outs
SELECT {opt_out} FROM opt_outs
WHERE project = :project AND id < :before ORDER BY id DESC LIMIT :limit;

-- name: mark_address
-- What a send looks at: made of the list itself.
INSERT INTO address_states
    (project, address, sends, next_send_at, consecutive, failed_at, opted_out)
SELECT :project, :address, 0, 0, 0, 0, (
    SELECT coalesce(group_concat(channel, ' '), '') FROM opt_outs
    WHERE project = :project AND address = :address)
WHERE true
ON CONFLICT (project, address) DO UPDATE SET opted_out = excluded.opted_out;
