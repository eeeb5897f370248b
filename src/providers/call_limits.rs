//! How often, and how many at once, the people of one organization may have us call the addresses that they type.
//! Without it this server would scan networks for them, and one organization's checks could keep all others waiting.

use std::collections::HashMap;
use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use governor::clock::Clock as GovernorClock;
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Clock;
use crate::error::{Error, Result};

/// Calls that an organization may have made in a minute, on each replica. A call is a whole check or a test of a route.
const A_MINUTE: NonZeroU32 = NonZeroU32::MIN.saturating_add(19);
/// Calls of one organization under way at once, on each replica; the others wait for their turn.
const AT_ONCE: usize = 5;

/// Counts calls.
pub struct CallLimits {
    tries: RateLimiter<i64, DashMapStateStore<i64>, Clock, NoOpMiddleware<Duration>>,
    turns: Mutex<HashMap<i64, Arc<Semaphore>>>,
    clock: Clock,
}

/// Leave to make one call, until it is dropped.
pub struct Turn {
    _permit: OwnedSemaphorePermit,
}

impl CallLimits {
    /// Nobody has called yet.
    #[must_use]
    pub fn new(clock: Clock) -> Self {
        let tries = RateLimiter::dashmap_with_clock(Quota::per_minute(A_MINUTE), clock.clone());
        Self { tries, turns: Mutex::default(), clock }
    }

    /// Counts a call of an organization and waits for its turn. At most a minute's calls wait at once.
    ///
    /// # Errors
    /// [`Error::TooMany`], with the seconds to wait.
    pub async fn take_turn(&self, organization_id: i64) -> Result<Turn> {
        self.tries.check_key(&organization_id).map_err(|not_until| Error::TooMany {
            retry_after_s: not_until.wait_time_from(GovernorClock::now(&self.clock)).as_secs() + 1,
        })?;
        let turns = self.turns_of(organization_id);
        Ok(Turn { _permit: turns.acquire_owned().await.map_err(Error::internal)? })
    }

    fn turns_of(&self, organization_id: i64) -> Arc<Semaphore> {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(organization_id).or_insert_with(|| Arc::new(Semaphore::new(AT_ONCE))))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;
    use futures_util::FutureExt;

    use super::*;

    #[tokio::test]
    async fn one_organization_may_call_twenty_times_a_minute_and_others_are_not_hindered() {
        let clock = Clock::default();
        let limits = CallLimits::new(clock.clone());
        for _ in 0..20 {
            limits.take_turn(1).await.unwrap();
        }
        assert!(matches!(limits.take_turn(1).await, Err(Error::TooMany { retry_after_s: 1..=4 })));
        limits.take_turn(2).await.unwrap();
        clock.advance(TimeDelta::seconds(4));
        limits.take_turn(1).await.unwrap();
    }

    #[tokio::test]
    async fn the_sixth_call_waits_until_one_of_five_ends() {
        let limits = CallLimits::new(Clock::default());
        let mut under_way = Vec::new();
        for _ in 0..5 {
            under_way.push(limits.take_turn(1).await.unwrap());
        }
        let mut sixth = Box::pin(limits.take_turn(1));
        assert!(sixth.as_mut().now_or_never().is_none());
        limits.take_turn(2).await.unwrap();
        under_way.pop();
        assert!(sixth.now_or_never().is_some_and(|turn| turn.is_ok()));
    }
}
