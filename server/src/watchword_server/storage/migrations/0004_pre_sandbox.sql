-- The sandbox: each caller with its public keys has a hidden project, and there one webhook.

ALTER TABLE projects ADD COLUMN hidden INTEGER NOT NULL DEFAULT 0;
