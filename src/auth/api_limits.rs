//! How often one API token may ask, on each replica.

use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

use crate::clock::Clock;
use crate::error::{Error, Result};

/// More tokens than this at once, and those that have been quiet are forgotten.
const MOST_TOKENS: usize = 10_000;

/// Counts requests by token.
pub struct ApiLimits {
    by_token: RateLimiter<i64, DashMapStateStore<i64>, Clock, StateInformationMiddleware>,
    clock: Clock,
    limit: NonZeroU32,
}

/// What a token has left, for the headers of the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remaining {
    /// Requests in a minute.
    pub limit: u32,
    /// How many may come at once now.
    pub remaining: u32,
    /// Seconds until all of them may.
    pub reset_s: u64,
}

impl ApiLimits {
    /// Nobody has asked yet.
    #[must_use]
    pub fn new(clock: Clock, per_minute: NonZeroU32) -> Self {
        let by_token = RateLimiter::dashmap_with_clock(Quota::per_minute(per_minute), clock.clone());
        Self { by_token: by_token.with_middleware(), clock, limit: per_minute }
    }

    /// What is left for whoever has to wait.
    #[must_use]
    pub fn none_left(&self) -> Remaining {
        Remaining { limit: self.limit.get(), remaining: 0, reset_s: 60 }
    }

    /// Counts a request.
    ///
    /// # Errors
    /// [`Error::TooMany`], with the seconds to wait.
    pub fn count(&self, token_id: i64) -> Result<Remaining> {
        if self.by_token.len() > MOST_TOKENS {
            self.by_token.retain_recent();
        }
        let state = self.by_token.check_key(&token_id).map_err(|not_until| Error::TooMany {
            retry_after_s: not_until.wait_time_from(GovernorClock::now(&self.clock)).as_secs() + 1,
        })?;
        let used = self.limit.get() - state.remaining_burst_capacity();
        let each = Duration::from_secs(60) / self.limit.get();
        Ok(Remaining {
            limit: self.limit.get(),
            remaining: state.remaining_burst_capacity(),
            reset_s: (each * used).as_secs() + 1,
        })
    }
}
