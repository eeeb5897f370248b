-- Names an organization in the addresses of its frame; random, so that nobody can try one after the other.
ALTER TABLE organizations ADD COLUMN embed_id TEXT;
CREATE UNIQUE INDEX organizations_embed_id_key ON organizations (embed_id);

-- The origin of the page whose frame holds the session; NULL for sessions of Claviger's own pages.
ALTER TABLE sessions ADD COLUMN embedded_in TEXT;
-- Another key for a session: the frame's, in a window that was opened from it.
ALTER TABLE sessions ADD COLUMN alias_of BLOB;

-- The sites that may show an organization's frame.
CREATE TABLE embed_sites (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    origin TEXT NOT NULL,
    -- Whether keys may be typed inside the frame there.
    takes_keys BOOLEAN NOT NULL,
    created_at TIMESTAMP NOT NULL,
    UNIQUE (organization_id, origin)
);
CREATE INDEX embed_sites_origin_idx ON embed_sites (origin);

-- With what the servers of these sites sign their launches.
CREATE TABLE launch_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    organization_id BIGINT NOT NULL REFERENCES organizations (id),
    kid TEXT NOT NULL UNIQUE,
    algorithm TEXT NOT NULL,
    -- NULL: a shared key, which is not stored but follows from the kid and a key of the installation.
    public_key BLOB,
    created_by BIGINT REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMP NOT NULL,
    last_used_at TIMESTAMP
);
CREATE INDEX launch_keys_organization_id_idx ON launch_keys (organization_id);

-- What works once and was used, until it would have expired anyway.
CREATE TABLE used_nonces (
    nonce_hash BLOB CONSTRAINT used_nonces_nonce_hash_key PRIMARY KEY NOT NULL,
    expires_at TIMESTAMP NOT NULL
);
CREATE INDEX used_nonces_expires_at_idx ON used_nonces (expires_at);
