ALTER TABLE connections DROP COLUMN budget_reset_period;
ALTER TABLE connections DROP COLUMN budget_alert_nano_usd;
ALTER TABLE connections DROP COLUMN budget_limit_nano_usd;
ALTER TABLE connections DROP COLUMN cached_available_models;
ALTER TABLE connections DROP COLUMN is_internal;
