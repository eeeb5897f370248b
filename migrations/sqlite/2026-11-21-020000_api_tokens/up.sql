-- Which kinds of tokens open an organization's REST API, and how long new personal ones live.
ALTER TABLE organizations ADD COLUMN api_tokens_enabled BOOLEAN NOT NULL DEFAULT TRUE;
ALTER TABLE organizations ADD COLUMN legacy_api_tokens_enabled BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE organizations ADD COLUMN api_token_ttl_days BIGINT NOT NULL DEFAULT 365;

-- What members' programs show to be let in. Nothing here opens anything: of a legacy token only its SHA-256 is stored,
-- and a personal one is signed with a key that is not in the database.
CREATE TABLE api_tokens (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    user_id BIGINT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    -- SHA-256 of a legacy token, or of a personal one's id.
    hash BLOB NOT NULL UNIQUE,
    -- A personal token's id, or the last four characters of a legacy one.
    hint TEXT NOT NULL,
    name TEXT NOT NULL,
    scopes TEXT NOT NULL,
    created_at TIMESTAMP NOT NULL,
    expires_at TIMESTAMP,
    -- To the minute.
    last_used_at TIMESTAMP
);
CREATE INDEX api_tokens_user_id_idx ON api_tokens (user_id);
