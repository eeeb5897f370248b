-- Times are UTC, to the microsecond. Slugs are text, so that a row that a newer version wrote still reads.

CREATE TABLE organizations (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    name TEXT NOT NULL,
    -- Grows with every change that the base-model dropdown shows; replicas compare it with what they cached.
    models_version BIGINT NOT NULL DEFAULT 0,
    -- The end of the audit chain.
    audit_seq BIGINT NOT NULL DEFAULT 0,
    audit_mac BLOB NOT NULL,
    egress_changed_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE users (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    -- Folded to lower case: what people sign in with.
    email TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    password_hash TEXT NOT NULL,
    theme TEXT NOT NULL DEFAULT 'system',
    deactivated_at TIMESTAMP,
    last_seen_at TIMESTAMP,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX users_organization_id_idx ON users (organization_id);

CREATE TABLE sessions (
    -- SHA-256 of the session key; the key itself is only in the browser's cookie.
    key_hash BLOB PRIMARY KEY NOT NULL,
    user_id BIGINT REFERENCES users (id) ON DELETE CASCADE,
    state TEXT NOT NULL,
    user_agent TEXT NOT NULL DEFAULT '',
    ip TEXT NOT NULL DEFAULT '',
    created_at TIMESTAMP NOT NULL,
    last_seen_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX sessions_user_id_idx ON sessions (user_id);
CREATE INDEX sessions_expires_at_idx ON sessions (expires_at);

-- Links that work once: set-up and invitations.
CREATE TABLE invitations (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    -- NULL: the set-up link of an installation without an organization.
    organization_id BIGINT REFERENCES organizations (id),
    token_hash BLOB NOT NULL UNIQUE,
    email TEXT NOT NULL,
    role TEXT NOT NULL,
    invited_by BIGINT REFERENCES users (id),
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP NOT NULL,
    closed_at TIMESTAMP
);
CREATE INDEX invitations_organization_id_idx ON invitations (organization_id);

-- Links with which somebody who forgot their password chooses a new one; each person has one at most.
CREATE TABLE password_links (
    user_id BIGINT PRIMARY KEY NOT NULL REFERENCES users (id),
    token_hash BLOB NOT NULL UNIQUE,
    made_by BIGINT NOT NULL REFERENCES users (id),
    expires_at TIMESTAMP NOT NULL
);

-- Failed sign-ins by account, so that guessing gets slower whatever address it comes from.
CREATE TABLE sign_in_failures (
    email_hash BLOB PRIMARY KEY NOT NULL,
    failures BIGINT NOT NULL,
    blocked_until TIMESTAMP,
    last_failed_at TIMESTAMP NOT NULL
);

-- Data keys, wrapped by the master key. Without an organization: the installation's own.
CREATE TABLE data_keys (
    id BIGINT PRIMARY KEY NOT NULL,
    -- "installation" or "organization <id>": each has one, and a unique NULL would not be unique.
    owner TEXT NOT NULL UNIQUE,
    organization_id BIGINT REFERENCES organizations (id),
    master_key_id TEXT NOT NULL,
    wrapped BLOB NOT NULL,
    created_at TIMESTAMP NOT NULL
);

CREATE TABLE connections (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    provider TEXT NOT NULL,
    -- The provider's slug for those that an organization has once, else NULL. The unique index below is the rule.
    single TEXT,
    -- Names the form it was added with and what was typed, so that a form posted twice adds one.
    form_id TEXT,
    scope TEXT NOT NULL,
    deployment_name TEXT,
    endpoint TEXT,
    google_project_id TEXT,
    google_location TEXT,
    chat_url TEXT,
    underlying_model TEXT,
    json_mode TEXT,
    -- What the secrets are sealed for.
    destination TEXT NOT NULL,
    health TEXT NOT NULL,
    health_detail TEXT NOT NULL DEFAULT '',
    health_since TIMESTAMP NOT NULL,
    checked_at TIMESTAMP,
    next_check_at TIMESTAMP,
    paused_at TIMESTAMP,
    -- Grows with every change, so that an old form cannot overwrite a newer one.
    version BIGINT NOT NULL DEFAULT 1,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL,
    updated_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    updated_at TIMESTAMP NOT NULL,
    key_replaced_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    key_replaced_at TIMESTAMP,
    last_used_at TIMESTAMP,
    UNIQUE (organization_id, single),
    UNIQUE (organization_id, form_id)
);
CREATE INDEX connections_next_check_at_idx ON connections (next_check_at);

CREATE TABLE connection_secrets (
    connection_id BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    field TEXT NOT NULL,
    -- Part of what is sealed: an old blob put back does not open.
    version BIGINT NOT NULL,
    data_key_id BIGINT NOT NULL REFERENCES data_keys (id),
    sealed BLOB NOT NULL,
    tail TEXT,
    created_at TIMESTAMP NOT NULL,
    PRIMARY KEY (connection_id, field)
);

CREATE TABLE connection_models (
    connection_id BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    model TEXT NOT NULL,
    -- Whether the last check that listed models saw it.
    offered BOOLEAN NOT NULL,
    enabled BOOLEAN NOT NULL,
    context_window BIGINT,
    retires_on DATE,
    PRIMARY KEY (connection_id, model)
);

CREATE TABLE checks (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    connection_id BIGINT NOT NULL REFERENCES connections (id) ON DELETE CASCADE,
    -- NULL: a scheduled check.
    user_id BIGINT REFERENCES users (id) ON DELETE SET NULL,
    verdict TEXT NOT NULL,
    message TEXT NOT NULL,
    steps TEXT NOT NULL,
    n_models BIGINT NOT NULL,
    took_ms BIGINT NOT NULL,
    created_at TIMESTAMP NOT NULL
);
CREATE INDEX checks_connection_id_idx ON checks (connection_id, id);

-- Secrets of a form that could not be saved yet; kept for ten minutes so that nobody pastes a key twice.
CREATE TABLE held_secrets (
    id TEXT PRIMARY KEY NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    session_hash BLOB NOT NULL,
    form TEXT NOT NULL,
    field TEXT NOT NULL,
    destination TEXT NOT NULL,
    data_key_id BIGINT NOT NULL REFERENCES data_keys (id),
    sealed BLOB NOT NULL,
    tail TEXT,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX held_secrets_expires_at_idx ON held_secrets (expires_at);

CREATE TABLE egress_addresses (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    address TEXT NOT NULL,
    label TEXT NOT NULL,
    UNIQUE (organization_id, address)
);

CREATE TABLE audit_log (
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    seq BIGINT NOT NULL,
    at TIMESTAMP NOT NULL,
    who_kind TEXT NOT NULL,
    who_id BIGINT,
    who_name TEXT NOT NULL,
    ip TEXT NOT NULL,
    act TEXT NOT NULL,
    target_kind TEXT NOT NULL,
    target_id BIGINT,
    target_name TEXT NOT NULL,
    details TEXT NOT NULL,
    -- Who, target, details and address in lower case, for the search.
    folded TEXT NOT NULL,
    mac BLOB NOT NULL,
    PRIMARY KEY (organization_id, seq)
);
CREATE INDEX audit_log_at_idx ON audit_log (organization_id, at);
CREATE INDEX audit_log_target_idx ON audit_log (organization_id, target_kind, target_id);

CREATE TRIGGER audit_log_no_update BEFORE UPDATE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;
CREATE TRIGGER audit_log_no_delete BEFORE DELETE ON audit_log
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END;

-- Which replica does a job, and until when.
CREATE TABLE leases (
    job TEXT PRIMARY KEY NOT NULL,
    holder TEXT NOT NULL,
    held_until TIMESTAMP NOT NULL
);
