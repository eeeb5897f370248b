DROP TABLE used_nonces;
DROP TABLE launch_keys;
DROP TABLE embed_sites;
ALTER TABLE sessions DROP COLUMN alias_of;
ALTER TABLE sessions DROP COLUMN embedded_in;
DROP INDEX organizations_embed_id_key;
ALTER TABLE organizations DROP COLUMN embed_id;
