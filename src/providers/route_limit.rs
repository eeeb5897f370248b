//! How often an organization may have a route tested. Each test makes this server call an address that somebody
//! typed, so that without a limit it would scan networks for them.

use std::num::NonZeroU32;

use governor::clock::{Clock, DefaultClock};
use governor::{DefaultKeyedRateLimiter, Quota, RateLimiter};

use crate::error::{Error, Result};

/// Tests that an organization may make in a minute, on each replica.
const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);

/// Counts tests.
pub struct RouteLimit(DefaultKeyedRateLimiter<i64>);

impl Default for RouteLimit {
    fn default() -> Self {
        Self(RateLimiter::dashmap(Quota::per_minute(A_MINUTE)))
    }
}

impl RouteLimit {
    /// Counts a test of an organization.
    ///
    /// # Errors
    /// [`Error::TooMany`], with the seconds to wait.
    pub fn count(&self, organization_id: i64) -> Result<()> {
        let wait = |until: governor::NotUntil<_>| until.wait_time_from(DefaultClock::default().now()).as_secs() + 1;
        self.0.check_key(&organization_id).map_err(|until| Error::TooMany { retry_after_s: wait(until) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_organization_may_test_twenty_times_and_others_are_not_hindered() {
        let limit = RouteLimit::default();
        for _ in 0..20 {
            limit.count(1).unwrap();
        }
        assert!(matches!(limit.count(1), Err(Error::TooMany { retry_after_s: 1..=4 })));
        limit.count(2).unwrap();
    }
}
