DROP TABLE api_tokens;
ALTER TABLE organizations DROP COLUMN api_token_ttl_days;
ALTER TABLE organizations DROP COLUMN legacy_api_tokens_enabled;
ALTER TABLE organizations DROP COLUMN api_tokens_enabled;
