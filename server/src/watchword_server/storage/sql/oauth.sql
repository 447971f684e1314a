-- OAuth.  {authorization}, {grant} and {token} stand for the columns of the records.

-- name: insert_authorization
INSERT INTO authorizations SELECT {authorization_values}
WHERE (SELECT count(*) FROM authorizations AS a
       WHERE a.expires_at > :created_at AND a.status = 'pending') < :most_pending
  AND NOT EXISTS (SELECT 1 FROM authorizations AS a WHERE a.word = :word);

-- name: get_authorization
SELECT {authorization} FROM authorizations WHERE id = :id;

-- name: authorization_by_word
SELECT {authorization} FROM authorizations WHERE word = :word;

-- name: authorization_by_link
SELECT {authorization} FROM authorizations WHERE link = :link AND link != x'';

-- name: authorization_by_ticket
SELECT {authorization} FROM authorizations WHERE ticket = :ticket AND ticket != x'';

-- name: pending_authorizations
SELECT {authorization} FROM authorizations
WHERE expires_at > :now AND status = 'pending' ORDER BY created_at, id;

-- name: offer_authorization
UPDATE authorizations SET link = :link, project = :project, granted = :granted, lasts_s = :lasts_s
WHERE id = :id AND status = 'pending' AND expires_at > :now;

-- name: decide_authorization
UPDATE authorizations SET status = :status, project = :project, granted = :granted,
    lasts_s = :lasts_s, link = x''
WHERE id = :id AND status = 'pending' AND expires_at > :now;

-- name: issue_authorization
UPDATE authorizations SET status = 'issued', ticket = :ticket, expires_at = :until
WHERE id = :id AND status IN ('approved', 'issued') AND expires_at > :now;

-- name: spend_authorization
UPDATE authorizations SET status = 'spent', api_key = :api_key
WHERE ticket = :ticket AND status = 'issued' AND expires_at > :now;

-- name: sweep_authorizations
DELETE FROM authorizations WHERE expires_at < :before;

-- name: insert_grant
INSERT INTO grants VALUES ({grant_values});

-- name: get_grant
SELECT {grant} FROM grants WHERE project = :project AND api_key = :api_key;

-- name: grants_of
SELECT {grant} FROM grants WHERE project = :project ORDER BY api_key;

-- name: delete_grant
DELETE FROM grants WHERE project = :project AND api_key = :api_key;

-- name: delete_tokens
DELETE FROM grant_tokens WHERE project = :project AND api_key = :api_key;

-- name: insert_token
INSERT INTO grant_tokens VALUES ({token_values});

-- name: find_token
SELECT {token} FROM grant_tokens WHERE hash = :hash;

-- name: spend_token
UPDATE grant_tokens SET spent_at = :now
WHERE project = :project AND api_key = :api_key AND hash = :hash AND kind = 'refresh'
  AND spent_at IS NULL AND expires_at > :now;

-- name: sweep_tokens
DELETE FROM grant_tokens WHERE expires_at < :before;
