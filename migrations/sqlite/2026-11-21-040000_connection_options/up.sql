-- What the REST API keeps of a connection beside its target and its secrets. Money is in thousand-millionths of a dollar.
ALTER TABLE connections ADD COLUMN is_internal BOOLEAN NOT NULL DEFAULT FALSE;
ALTER TABLE connections ADD COLUMN cached_available_models TEXT;
ALTER TABLE connections ADD COLUMN budget_limit_nano_usd BIGINT;
ALTER TABLE connections ADD COLUMN budget_alert_nano_usd BIGINT;
ALTER TABLE connections ADD COLUMN budget_reset_period TEXT;
